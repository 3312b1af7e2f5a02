import { Socket } from 'node:net'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { DIALECTS, stopDatabases } from '../../../../test/support/databases.ts'
import { listener } from '../../../../test/support/observer.ts'
import { openStore } from '../../open.ts'

afterAll(stopDatabases)

/** The sockets of this process to a server. */
function socketsTo(port: number): Socket[] {
  const { _getActiveHandles } = process as unknown as { _getActiveHandles: () => unknown[] }
  return _getActiveHandles
    .call(process)
    .filter((handle): handle is Socket => handle instanceof Socket && handle.remotePort === port)
}

test('the server does not end the transaction of a handler that takes its time', async () => {
  await using database = await (
    DIALECTS.find(({ name }) => name === 'postgres') as (typeof DIALECTS)[number]
  ).fresh()
  const url = new URL(database.url)
  url.searchParams.set('options', '-c idle_in_transaction_session_timeout=1ms')
  await using store = await openStore(url.href, { observer: listener() })
  const shown = await store.db.all('show idle_in_transaction_session_timeout')
  expect(shown).toEqual([{ idle_in_transaction_session_timeout: '0' }])
})

test('a statement on a connection that breaks in a way nobody knows is sent again', async () => {
  await using database = await (
    DIALECTS.find(({ name }) => name === 'postgres') as (typeof DIALECTS)[number]
  ).fresh()
  const { port } = new URL(database.url)
  const before = new Set(socketsTo(Number(port)))
  const observer = listener()
  await using store = await openStore(database.url, { observer })
  const ours = socketsTo(Number(port)).filter((socket) => !before.has(socket))
  const holder = new pg.Client({ connectionString: database.url })
  await holder.connect()
  await holder.query('select pg_advisory_lock(7)')
  const answer = store.db.all('select pg_advisory_lock(7)::text as got')
  const waiting =
    "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%pg_advisory_lock(7)::text%'"
  await expect.poll(async () => (await holder.query(waiting)).rowCount).toBe(1)
  for (const socket of ours) socket.destroy(new Error('something odd'))
  await holder.end()
  expect(await answer).toEqual([{ got: '' }])
  expect(observer.lines.filter(({ fault }) => fault === 'connection').length).toBeGreaterThan(0)
})
