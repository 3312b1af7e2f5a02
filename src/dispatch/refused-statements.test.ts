import { sql } from 'kysely'
import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS, type TestDialect } from '../../test/support/databases.ts'
import { closeBenches, on, openBench, put, type TestHandlers, unit } from '../../test/support/dispatching.ts'

/** P1: a statement that the server refuses each time costs the event it belongs to, and nobody waits for it for ever. */
afterAll(closeBenches)

type Put = NonNullable<TestHandlers['put']>
type Tx = Parameters<Put>[1]['tx']

const POST = 'app.test.post'
const tables = ['create table item (id text primary key, val text)']
const POISON = '5'
const served = DIALECTS.filter(({ name }) => name !== 'sqlite')
const [postgres] = DIALECTS.filter(({ name }) => name === 'postgres')

/** Ten events in one batch, of which one runs `poison` before it writes its row as all others do. */
async function runWith(
  dialect: TestDialect,
  poison: (tx: Tx) => Promise<unknown>,
  { unknown = [] as readonly string[], attempts = 3 } = {},
) {
  let calls = 0
  const handler = on(POST, {
    async put({ rkey }, { tx, rows }) {
      if (rkey === POISON) {
        calls++
        await poison(tx)
      }
      await rows.item?.upsert({ id: rkey, val: 'x' })
    },
  })
  await using bench = await openBench(dialect, [handler], {
    tables,
    handling: { attempts, timeoutMs: 20_000 },
  })
  for (const text of unknown) await bench.store.db.run(text)
  const ops = Array.from({ length: 10 }, (_, i) => put(POST, `${i}`, {}))
  const outcome = await bench.dispatcher.submit(unit(await bench.repo(), ops))
  return {
    outcome,
    calls,
    ids: (await bench.rows('item')).map(({ id }) => id),
    letters: await bench.store.deadLetters.list(),
    lines: bench.observer.lines.filter(({ msg }) => String(msg).startsWith('the database failed')),
  }
}

const ALL = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']
const OTHERS = ALL.filter((id) => id !== POISON)

async function costsItsEvent(dialect: TestDialect, poison: (tx: Tx) => Promise<unknown>, error: RegExp) {
  const { outcome, ids, letters, lines } = await runWith(dialect, poison)
  expect([outcome, ids]).toEqual(['applied', OTHERS])
  expect(letters).toMatchObject([{ rkey: POISON, kind: 'handler', error: expect.stringMatching(error) }])
  return lines
}

const raising = (code: string) => (tx: Tx) =>
  sql.raw(`do $$ begin raise exception 'refused' using errcode = '${code}'; end $$`).execute(tx)

describe.each(served)('on $name', (dialect) => {
  test.each([
    ['40001', 'serialization'],
    ['40P01', 'deadlock'],
    ['55P03', 'no lock'],
    ['57014', 'cancelled'],
    ['08001', 'another server does not answer'],
    ['57P01', 'another server shuts down'],
    ['53400', 'a limit'],
    ['58P01', 'a file is missing'],
  ])('a function that raises %s (%s) each time costs its event alone', async (code) => {
    const lines = await costsItsEvent(dialect, raising(code), /refused/)
    expect(lines.map(({ among, did, collection }) => [among, String(did).slice(0, 8), collection])).toEqual(
      Array(3).fill([expect.any(Number), 'did:plc:', POST]),
    )
  })

  test('a statement with more parameters than the protocol counts costs its event alone', async () => {
    const values = (n: number) => Array.from({ length: n }, (_, i) => ({ id: `many${i}`, val: 'x' }))
    const poison = (tx: Tx) => tx.insertInto('item').values(values(32_768)).execute()
    expect(await costsItsEvent(dialect, poison, /at most 65535 parameters; it has 65536/)).toEqual([])
  })

  test('a statement without its parameters costs its event alone', async () => {
    const poison = (tx: Tx) => sql.raw('select $1::text').execute(tx)
    expect(await costsItsEvent(dialect, poison, /bind message|parameter/)).toEqual([])
  })

  test('what passes when the batch is repeated costs nothing', async () => {
    let left = 2
    const twice = async (tx: Tx) => {
      if (left-- > 0) await raising('40001')(tx)
    }
    const { calls, ids, letters } = await runWith(dialect, twice, { attempts: 1 })
    expect([calls, ids, letters]).toEqual([3, ALL, []])
  })

  test('what the commit raises each time costs its event alone', async () => {
    // Made behind our back, so that nobody looks for it before the commit.
    const unknown = [
      `create or replace function refuse() returns trigger language plpgsql as
        $$ begin raise exception 'refused' using errcode = '40001'; end $$`,
      `create constraint trigger refuse after insert on item deferrable initially deferred
        for each row when (new.id = '${POISON}') execute function refuse()`,
    ]
    const { ids, letters } = await runWith(dialect, async () => {}, { unknown })
    expect([ids, letters.map(({ rkey }) => rkey)]).toEqual([OTHERS, [POISON]])
  })
})

describe('on a server', () => {
  const server = postgres as TestDialect

  test('a statement that takes longer than statement_timeout costs its event alone', async () => {
    const poison = async (tx: Tx) => {
      await sql`set local statement_timeout = 50`.execute(tx)
      await sql`select pg_sleep(10)`.execute(tx)
    }
    await costsItsEvent(server, poison, /statement timeout/)
  })

  test('a statement that needs more than temp_file_limit costs its event alone', async () => {
    const poison = async (tx: Tx) => {
      await sql`set local temp_file_limit = 100`.execute(tx)
      await sql`set local work_mem = 64`.execute(tx)
      await sql`select count(*) from (select i, repeat('x', 100) from generate_series(1, 10000) i order by 2, 1) s`.execute(
        tx,
      )
    }
    await costsItsEvent(server, poison, /temp_file_limit/)
  })
})
