import type { TestDialect } from './databases.ts'
import { on, openBench, put, type TestHandlers, unit } from './dispatching.ts'

const NOTE = 'app.test.note'

/** What handlers work with, loosely typed: each test has tables of its own. */
export type HandlerContext = Parameters<NonNullable<TestHandlers['put']>>[1]

/**
 * What `item` holds, and which events failed (by number), after `n` events of one batch.
 * @param tables statements that make and fill the user's tables
 * @param write what the handler of event `i` does; it is called once for each event unless something fails
 */
export async function outcomeOf(
  dialect: TestDialect,
  tables: readonly string[],
  n: number,
  write: (context: HandlerContext, i: number) => Promise<unknown> | undefined,
): Promise<{ rows: Record<string, unknown>[]; failed: number[] }> {
  const handler = on(NOTE, { put: async ({ rkey }, context) => void (await write(context, Number(rkey))) })
  await using bench = await openBench(dialect, [handler], {
    tables,
    handling: { attempts: 1, timeoutMs: 20_000 },
  })
  const ops = Array.from({ length: n }, (_, i) => put(NOTE, `${i}`, {}))
  await bench.dispatcher.submit(unit(await bench.repo(), ops, { source: 'backfill' }))
  const letters = await bench.store.db.all<{ rkey: string }>('select rkey from lextap_dead_letter')
  return {
    rows: await bench.rows('item'),
    failed: letters.map(({ rkey }) => Number(rkey)).sort((a, b) => a - b),
  }
}
