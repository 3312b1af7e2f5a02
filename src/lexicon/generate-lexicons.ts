import { HEADER } from './header.ts'
import type { Lexicons } from './lexicons.ts'
import { quote } from './names.ts'
import { docComment, Writer } from './writer.ts'

/** `lexicons.ts`: what the rest was made from, so that `lextap run` notices when that is no longer so. */
export function generateLexiconList(lexicons: Lexicons): string {
  const w = new Writer()
  w.line(HEADER).line()
  docComment(w, ['The documents all this was written from: NSID → fingerprint. `lextap run` compares them.'])
  w.block('export const lexicons: Readonly<Record<string, string>> = {', () => {
    for (const { doc, fingerprint } of lexicons.sources) w.line(`${quote(doc.id)}: ${quote(fingerprint)},`)
  })
  return w.toString()
}
