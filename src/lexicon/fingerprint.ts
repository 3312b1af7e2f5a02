import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Names what `database.ts` was made from: same migrations, same dialect, same text. */
export function migrationsFingerprint(folder: string | null, dialect: string): string {
  const hash = createHash('sha256').update(`1 ${dialect}\n`)
  if (folder === null) return `none (${dialect})`
  for (const file of readdirSync(folder).sort())
    if (/\.[cm]?[jt]s$/.test(file)) hash.update(`${file}\n`).update(readFileSync(join(folder, file)))
  return `${hash.digest('hex').slice(0, 16)} (${dialect})`
}
