import { readFileSync } from 'node:fs'
import { Kysely, PostgresDialect, SqliteDialect, sql } from 'kysely'
import pg from 'pg'
import { changed, createTables, type Loose, rowOf, TABLES } from './backfill-app.ts'
import type { BackfillRun } from './backfill-run.ts'
import { DID, DID_KEY } from './network-repo.ts'
import { peakRss } from './peak-rss.ts'

const PER_TRANSACTION = 1000

/** The same rows by the reference packages and stock Kysely, a thousand records to a transaction, no record index. */
export async function atproto(url: string, car: string): Promise<BackfillRun> {
  const { verifyRepoCar, cborToLexRecord, readCarWithRoot } = await import('@atproto/repo')
  const { lexicons } = await import('@atproto/api')
  const { ipldToLex, lexToJson } = await import('@atproto/lexicon')
  const db = new Kysely<Loose>({ dialect: await stock(url) })
  for (const text of createTables) await sql.raw(text).execute(db)
  const cpu = process.cpuUsage()
  const begin = performance.now()
  const bytes = readFileSync(car)
  const { creates } = await verifyRepoCar(bytes, DID, DID_KEY)
  const { blocks } = await readCarWithRoot(bytes)
  for (let i = 0; i < creates.length; i += PER_TRANSACTION) {
    await db.transaction().execute(async (tx) => {
      for (const { collection, rkey, cid } of creates.slice(i, i + PER_TRANSACTION)) {
        const block = blocks.get(cid)
        if (block === undefined) throw new Error('missing block')
        const lex = ipldToLex(cborToLexRecord(block))
        lexicons.assertValidRecord(collection, lex)
        const event = {
          did: DID,
          uri: `at://${DID}/${collection}/${rkey}`,
          collection,
          rkey,
          cid: cid.toString(),
          record: lexToJson(lex as Loose),
        }
        const values = rowOf(collection, event as Loose)
        await tx
          .insertInto(TABLES[collection]?.[0] ?? '')
          .values(values)
          .onConflict((c: Loose) => c.column('uri').doUpdateSet(changed(values)))
          .execute()
      }
    })
  }
  const seconds = (performance.now() - begin) / 1000
  const used = process.cpuUsage(cpu)
  await db.destroy()
  return {
    records: creates.length,
    seconds,
    cpuSeconds: (used.user + used.system) / 1e6,
    mainCpuSeconds: 0,
    peakRss: peakRss(),
  }
}

export async function stock(url: string): Promise<PostgresDialect | SqliteDialect> {
  if (url.startsWith('postgres:'))
    return new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) })
  // It has no declarations, and is here only because the reference PDS brings it along.
  const name = 'better-sqlite3'
  const { default: Database } = (await import(name)) as { default: new (path: string) => Loose }
  const database = new Database(url.slice('sqlite:'.length))
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = NORMAL')
  return new SqliteDialect({ database })
}
