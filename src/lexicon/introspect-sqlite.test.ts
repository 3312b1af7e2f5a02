import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchFolder } from '../../test/support/generated-project.ts'
import { introspectSqlite } from './introspect-sqlite.ts'

test('a virtual table is a table, and what it keeps its data in is not', async () => {
  const scratch = scratchFolder()
  writeFileSync(
    join(scratch.path, '0001_search.mjs'),
    `import { sql } from '${import.meta.resolve('kysely')}'
export const up = (db) => sql\`create virtual table search using fts5(uri unindexed, body)\`.execute(db)`,
  )
  expect((await introspectSqlite(scratch.path)).map(({ name }) => name)).toEqual(['search'])
  scratch.remove()
})
