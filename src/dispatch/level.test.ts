import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import {
  closeBenches,
  del,
  on,
  openBench,
  put,
  type TestHandlers,
  unit,
} from '../../test/support/dispatching.ts'
import { Random } from '../testing/random.ts'
import type { InvalidPolicy } from './check-record.ts'
import type { VerifiedOp } from './unit.ts'

/**
 * Promise P4 where records are bad: whatever versions came and went, invalid ones and such as no handler can take
 * among them, the user's tables are those that a fresh fetch of what is there now would make. The handlers count,
 * so one call too many or too few is seen. `SEED=…` repeats one run.
 */
afterAll(closeBenches)

const POST = 'app.test.post'
const tables = [
  'create table post (uri text primary key, text text not null)',
  'create table tally (n integer not null)',
]

const counting: TestHandlers = {
  async create({ uri, record }, { rows, tx }) {
    await rows.post?.insert({ uri, text: record.text })
    await tx
      .updateTable('tally')
      .set((e: (name: string, op: string, n: number) => unknown) => ({ n: e('n', '+', 1) }))
      .execute()
    if (record.fails) throw new Error('cannot be taken')
  },
  async update({ uri, record }, { rows }) {
    await rows.post?.update({ uri }, { text: record.text })
    if (record.fails) throw new Error('cannot be taken')
  },
  async delete({ uri }, { rows, tx }) {
    await rows.post?.delete({ uri })
    await tx
      .updateTable('tally')
      .set((e: (name: string, op: string, n: number) => unknown) => ({ n: e('n', '-', 1) }))
      .execute()
  },
}

function version(random: Random, n: number): Record<string, unknown> {
  if (random.chance(0.25)) return { text: `${n} ${'too long'.repeat(40)}` }
  return { text: `version ${n}`, fails: random.chance(0.25) }
}

/** Commits of one repo, a few ops each, and what is there after them. */
function history(random: Random): { commits: VerifiedOp[][]; left: Map<string, VerifiedOp> } {
  const left = new Map<string, VerifiedOp>()
  const commits = Array.from({ length: 40 }, (_, n) => {
    const rkeys = new Set(Array.from({ length: 1 + random.int(3) }, () => `r${random.int(6)}`))
    return [...rkeys].map((rkey) => {
      if (left.has(rkey) && random.chance(0.3)) {
        left.delete(rkey)
        return del(POST, rkey)
      }
      const op = put(POST, rkey, version(random, n), left.has(rkey) ? 'update' : 'create')
      left.set(rkey, op)
      return op
    })
  })
  return { commits, left }
}

const SEEDS = process.env.SEED?.split(',') ?? ['1', '2', '3', '4']
const POLICIES: InvalidPolicy[] = ['dead-letter', 'skip']

describe.each(DIALECTS)('on $name', (dialect) => {
  test.each(SEEDS.flatMap((seed) => POLICIES.map((policy) => [seed, policy] as const)))(
    'bad versions leave the tables a fresh fetch would make (seed %s, %s)',
    async (seed, policy) => {
      const random = new Random(`level ${seed}`)
      const { commits, left } = history(random)
      const open = async () => {
        const bench = await openBench(dialect, [on(POST, counting)], {
          tables,
          batch: { maxWorks: 1 + random.int(8) },
          policy: { invalid: { '*': policy }, legacyBlobs: true },
        })
        await bench.store.db.run('insert into tally (n) values (0)')
        return bench
      }
      const read = async (bench: Awaited<ReturnType<typeof open>>) => ({
        posts: (await bench.rows('post')).map(({ uri, text }) => [String(uri).split('/').at(-1), text]),
        tally: await bench.rows('tally'),
        letters: (await bench.store.deadLetters.list())
          .map(({ rkey, kind, action }) => `${rkey} ${kind} ${action}`)
          .sort(),
      })

      const live = await open()
      const repo = await live.repo()
      await Promise.all(
        commits.map((ops, run) => {
          // A fetch finds what it finds: deletes are told apart from it.
          const way = ops.some(({ action }) => action === 'delete') || random.chance(0.6) ? 'trust' : 'diff'
          return live.dispatcher.submit(
            unit(repo, ops, { run, mode: way, source: way === 'diff' ? 'resync' : 'live' }),
          )
        }),
      )
      const have = await read(live)
      await live[Symbol.asyncDispose]()

      await using fresh = await open()
      const ops = [...left.values()].map((op) => ({ ...op, action: 'create' as const }))
      await fresh.dispatcher.submit(
        unit(await fresh.repo(), ops, { mode: 'diff', fresh: true, source: 'backfill' }),
      )
      expect(have).toEqual(await read(fresh))
    },
  )
})
