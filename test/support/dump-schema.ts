/**
 * Writes the dumps of a new schema beside those before it: the last released one, brought up to date. Give what the
 * migration added a row or two by hand before, in the list below, so that the next one has something to keep.
 *
 *   node --conditions=lextap-source test/support/dump-schema.ts
 */
import { existsSync, writeFileSync } from 'node:fs'
import type { Database } from '../../src/store/database.ts'
import { openPglite } from '../../src/store/dialects/pglite/open.ts'
import { openSqlite } from '../../src/store/dialects/sqlite/open.ts'
import { migrate, SCHEMA_VERSION } from '../../src/store/migrate.ts'
import { dumpFile, kindOf, loadDump, writeDump } from './released.ts'

/** Rows for what the newest migration made. */
const ADDED: readonly string[] = [
  `insert into lextap_owed_delete (collection_id, repo_id, rkey, did, rev)
   values (2, 9, '3kaaaaaaaaaa2', 'did:web:erin.test', '3kbbbbbbbbbb2')`,
]

for (const open of [() => openSqlite(':memory:', { readOnly: false }), () => openPglite(':memory:')]) {
  const db: Database = await open()
  const file = dumpFile(SCHEMA_VERSION, kindOf(db.dialect))
  if (existsSync(file))
    process.stdout.write(`${file} is there already: a released schema is not written again\n`)
  else {
    await loadDump(db, SCHEMA_VERSION - 1)
    await migrate(db)
    for (const statement of ADDED) await db.run(statement)
    writeFileSync(file, await writeDump(db, SCHEMA_VERSION))
    process.stdout.write(`${file} written\n`)
  }
  await db.close()
}
