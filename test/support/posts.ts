import type { HandlerDefinition } from '../../src/dispatch/handler.ts'
import { type Bench, on } from './dispatching.ts'

/** Posts and what is known of them, for tests of the dispatcher. */
export const POST = 'app.test.post'
export const LIKE = 'app.test.like'
export const tables: readonly string[] = [
  'create table post (uri text primary key, text text, rev text)',
  'create table seen (id text)',
]

/** Writes each post to its table, through Kysely; texts starting with `throw` throw. */
export const posts: HandlerDefinition = on(POST, {
  async put({ uri, record, rev }, { tx }) {
    await tx
      .insertInto('post')
      .values({ uri, text: record.text, rev })
      .onConflict((c) => c.column('uri').doUpdateSet({ text: record.text, rev }))
      .execute()
    if (record.text.startsWith('throw')) throw new Error(record.text)
  },
  async delete({ uri }, { tx }) {
    await tx.deleteFrom('post').where('uri', '=', uri).execute()
  },
})

/** The texts of all rows, sorted. */
export const texts = async (bench: Bench): Promise<unknown[]> =>
  (await bench.rows('post')).map((row) => row.text).sort()

/** The paths of a repo that are indexed. */
export const index = async (bench: Bench, repoId: number): Promise<string[]> =>
  (await bench.store.records.page(repoId, null, 100)).map(({ collection, rkey }) => `${collection}/${rkey}`)
