import { hash } from 'node:crypto'

/** The text of a lexicon document, parsed but not checked. */
export interface LexiconText {
  readonly json: unknown
  /** What it says of itself; empty when it says nothing. */
  readonly nsid: string
  /** 16 hex digits that stay when only white space changes. */
  readonly fingerprint: string
}

/**
 * Reads a document far enough to name its content. The generator writes fingerprints down; the runtime, which never
 * loads the generator, compares them. Throws SyntaxError when the text is no JSON.
 */
export function readLexiconText(text: string): LexiconText {
  const json: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
  const nsid = typeof json === 'object' && json !== null && 'id' in json ? String(json.id) : ''
  return { json, nsid, fingerprint: hash('sha256', JSON.stringify(json), 'hex').slice(0, 16) }
}
