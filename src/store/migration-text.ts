import { createHash } from 'node:crypto'
import { extname } from 'node:path'

/** A comment, a string, or a template without code in it. */
const PIECES = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`/g
const IMPORTS = /^[ \t]*import\b(?:[^'"`;()]*?\bfrom)?\s*(?:'[^'\n]*'|"[^"\n]*")[ \t]*;?/gm
/** Types that say nothing of what is done. */
const TYPES = /:(?:Kysely|Promise)<[\w.]*>/g

/**
 * What a migration says, as far as that can be seen without running it: its kind of file and a hash of its text. What a
 * formatter may change does not count: white space, comments, quotes, semicolons, commas and brackets at an end,
 * imports, the type of `db`. Within a template white space is one blank.
 */
export function fingerprintOf(file: string, text: string): string {
  const strings: string[] = []
  const plain = text.replace(IMPORTS, '').replace(PIECES, (piece) => {
    if (piece.startsWith('/')) return ' '
    const inner = piece.slice(1, -1)
    const said = piece.startsWith('`') ? inner.replace(/\s+/g, ' ').trim() : inner.replace(/\\(['"])/g, '$1')
    return `\0${strings.push(said) - 1}\0`
  })
  const bare = plain
    .replace(/\s+/g, ' ')
    .replace(/ ?([^\w$ ]) ?/g, '$1')
    .replace(TYPES, '')
    .replace(/;/g, '')
    .replace(/,(?=[)\]}])/g, '')
    .replace(/\(([\w$]+)\)=>/g, '$1=>')
  const whole = JSON.stringify([bare, strings])
  return `${extname(file).slice(1)} ${createHash('sha256').update(whole).digest('hex').slice(0, 32)}`
}
