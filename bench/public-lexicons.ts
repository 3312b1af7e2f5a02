import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

type Json = unknown

/**
 * Writes the full public lexicon set (app.bsky, chat.bsky, com.atproto, tools.ozone) as documents, from the data
 * `@atproto/api` was generated from. That package has resolved the references in place; they are put back into
 * the form documents have. Returns how many there are.
 */
export async function writePublicLexicons(folder: string): Promise<number> {
  const { schemas } = await import('@atproto/api')
  rmSync(folder, { recursive: true, force: true })
  for (const doc of schemas) {
    const file = join(folder, `${doc.id.replaceAll('.', '/')}.json`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${JSON.stringify(unresolve(doc, doc.id), null, 2)}\n`)
  }
  return schemas.length
}

function unresolve(value: Json, nsid: string): Json {
  if (typeof value === 'string') {
    if (!value.startsWith('lex:')) return value
    const plain = value.slice(4)
    return plain.startsWith(`${nsid}#`) ? plain.slice(nsid.length) : plain
  }
  if (Array.isArray(value)) return value.map((item) => unresolve(item, nsid))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === 'description' ? item : unresolve(item, nsid)]),
  )
}
