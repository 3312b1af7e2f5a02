import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DIALECTS, stopDatabases, type TestDatabase } from '../../test/support/databases.ts'
import { type Bench, benchOn, del, on, put, type TestHandlers, unit } from '../../test/support/dispatching.ts'
import { listener } from '../../test/support/observer.ts'
import { replayWith } from '../../test/support/replaying.ts'
import { openStore } from '../store/open.ts'

/** Several processes on one Postgres: what one remembers must not hide what the other wrote. */
const POST = 'app.test.post'
const tables = ['create table if not exists post (uri text primary key, text text, action text)']
const postgres = DIALECTS.find(({ name }) => name === 'postgres')

let database: TestDatabase
beforeAll(async () => {
  if (postgres === undefined) throw new Error('no Postgres')
  database = await postgres.fresh()
})
afterAll(stopDatabases)

async function process(handlers: TestHandlers): Promise<Bench & AsyncDisposable> {
  const observer = listener()
  const store = await openStore(database.url, { observer })
  const bench = await benchOn(store, observer, [on(POST, handlers)], { tables })
  const close = async () => {
    await bench.dispatcher.close()
    await store.close()
  }
  return { ...bench, [Symbol.asyncDispose]: close }
}

const taking: TestHandlers = {
  async put({ uri, record, action }, { rows }) {
    await rows.post?.upsert({ uri, text: record.text, action })
  },
}
const failing: TestHandlers = {
  put() {
    throw new Error('not mine')
  },
}

test('an update of what another process could not create is a create, and settles its letter', async () => {
  await using other = await process(failing)
  await using ours = await process(taking)
  const repo = await other.repo()
  await other.dispatcher.submit(unit(repo, [put(POST, 'a', { text: 'one' })]))
  expect(await ours.store.deadLetters.list()).toHaveLength(1)
  await ours.dispatcher.submit(unit(repo, [put(POST, 'a', { text: 'two' }, 'update')]))
  expect(await ours.rows('post')).toMatchObject([{ text: 'two', action: 'create' }])
  expect(await ours.store.deadLetters.list()).toEqual([])
  expect(await ours.store.db.all('select * from lextap_uncreated')).toEqual([])
})

test('a letter that two processes retry at once is applied by one of them', async () => {
  let calls = 0
  const state = { other: 'waits' }
  const taken: TestHandlers = {
    put() {},
    async delete(_, { tx }) {
      calls++
      // Until the other one waits for us, or is through without.
      const waiting = sql<{ n: string }>`select count(*) as n from pg_locks where not granted`
      while (state.other === 'waits' && Number((await waiting.execute(tx)).rows[0]?.n) === 0);
    },
  }
  const refusing: TestHandlers = { ...failing, put() {}, delete: failing.put as () => void }
  await using broken = await process(refusing)
  await using ours = await process(taken)
  await using other = await process(taken)
  const repo = await broken.repo()
  await broken.dispatcher.submit(unit(repo, [put(POST, 'c', {})]))
  // The repo goes, and the letter of its delete stays: there is no row of it to lock any more.
  await broken.dispatcher.submit(unit(repo, [del(POST, 'c')], { removeRepo: true }))
  const [letter] = await ours.store.deadLetters.list()
  const retry = ({ dispatcher }: Bench) => dispatcher.retryDeadLetter(letter?.id ?? 0)
  const both = [retry(ours), retry(other)]
  await Promise.race(both)
  state.other = 'through'
  expect((await Promise.all(both)).sort()).toEqual(['applied', 'gone'])
  expect(calls).toBe(1)
})

test('a replay settles the letters that were written after it began', async () => {
  await using other = await process(failing)
  await using ours = await process(taking)
  const repo = await other.repo()
  await other.dispatcher.submit(unit(repo, [put(POST, 'b', { text: 'late' })]))
  await replayWith(ours, [on(POST, taking)])
  expect((await ours.rows('post')).map(({ text }) => text)).toContain('late')
  expect(await ours.store.deadLetters.list()).toEqual([])
  expect(await ours.store.db.all('select * from lextap_uncreated')).toEqual([])
})
