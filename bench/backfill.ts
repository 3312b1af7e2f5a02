import { mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { backfillFigures } from './backfill-rounds.ts'
import type { Figure } from './figure.ts'

/** End-to-end backfill into SQLite: a plain Kysely handler, row writers, `puts`. */
export function bench(): Promise<Figure[]> {
  const targets = { plain: '>= 28 k', rows: '>= 75 k', puts: '>= 90 k' }
  return backfillFigures('sqlite', targets, async () => {
    const dir = mkdtempSync(join(resolve(import.meta.dirname, '../.lextap'), 'backfill-'))
    return {
      url: `sqlite:${join(dir, 'bench.db')}`,
      [Symbol.asyncDispose]: async () => rmSync(dir, { recursive: true, force: true }),
    }
  })
}

if (import.meta.main) console.log(await bench())
