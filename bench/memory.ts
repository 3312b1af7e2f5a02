import { fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Figure, median } from './figure.ts'
import { runIndexer } from './live.ts'
import type { Held, MemoryOrders, Stage } from './memory-run.ts'
import { Relay } from './relay.ts'

const ROUNDS = Number(process.env.ROUNDS ?? 3)
const TRACKED = [10_000, 100_000, 1_000_000] as const
/** How long each stage is watched, ms. */
const STAGE = Number(process.env.STAGE ?? 16_000)
/** Slow: how long a handler takes, ms. */
const HANDLER = 20
const ENDLESS = 1_000_000

/**
 * Resident memory while a relay floods and the number of tracked repos grows, every frame naming another of them; and
 * while a handler is so slow that the stream must wait. One process each, SQLite.
 */
export async function bench(): Promise<Figure[]> {
  using relay = new Relay()
  const dir = mkdtempSync(join(resolve(import.meta.dirname, '../.lextap'), 'memory-'))
  try {
    const urls = await relay.network({ repos: 500, records: 100 })
    const base = join(dir, 'base.db')
    runIndexer({ ...urls, database: `sqlite:${base}`, style: 'rows', seq: null })
    await relay.commits(20)
    const grown: Held[][] = []
    const slow: Held[][] = []
    for (let round = 0; round < ROUNDS; round++) {
      for (const suffix of ['', '-wal', '-shm']) rmSync(join(dir, `run.db${suffix}`), { force: true })
      const orders = { ...urls, database: `sqlite:${join(dir, 'run.db')}`, style: 'rows' } as const
      copyFileSync(base, join(dir, 'run.db'))
      await relay.pace('flood', { loops: ENDLESS, spread: TRACKED[0] })
      grown.push(
        await stages(
          orders,
          TRACKED.map((repos) => ({ repos, ms: STAGE })),
          (stage) => relay.pace('flood', { loops: ENDLESS, spread: stage.repos ?? 0 }),
        ),
      )
      copyFileSync(base, join(dir, 'run.db'))
      await relay.pace('flood')
      slow.push(await stages({ ...orders, handlerMs: HANDLER }, [{ ms: STAGE }, { ms: STAGE }]))
    }
    return [
      figure('memory-repos', grown, 'of what it holds for 10 k repos, while they grow to 1 M'),
      figure(
        'memory-slow-handler',
        slow,
        'of what it held 20 s before, while a slow handler holds the stream back',
      ),
    ]
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** An indexer's life in stages; `prepare` is called before each. */
async function stages(
  orders: MemoryOrders,
  all: readonly Stage[],
  prepare: (stage: Stage) => Promise<unknown> = async () => {},
): Promise<Held[]> {
  const child = fork(resolve(import.meta.dirname, 'memory-run.ts'), {
    execArgv: ['--conditions=lextap-source'],
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  const ask = async <T>(message: MemoryOrders | Stage): Promise<T> => {
    child.send(message)
    const [answer] = (await Promise.race([once(child, 'message'), died(child)])) as [T]
    return answer
  }
  try {
    await ask(orders)
    const held: Held[] = []
    for (const stage of all) {
      await prepare(stage)
      held.push(await ask<Held>(stage))
    }
    return held
  } finally {
    child.kill('SIGKILL')
  }
}

async function died(child: ReturnType<typeof fork>): Promise<never> {
  const [code] = await once(child, 'exit')
  throw new Error(`bench/memory-run.ts ended with ${code}`)
}

const MB = 1e6

/** The last stage against the first, in percent. */
function figure(id: string, rounds: readonly (readonly Held[])[], target: string): Figure {
  const share = rounds.map((held) => ((held.at(-1)?.rss ?? 0) / (held[0]?.rss ?? 1)) * 100)
  const stage = (n: number, of: (held: Held) => number) => median(rounds.map((held) => of(held[n] as Held)))
  const names = (rounds[0] ?? []).map((_, n) =>
    id === 'memory-repos' ? `${TRACKED[n]?.toLocaleString('en')} repos` : `stage ${n + 1}`,
  )
  return {
    id,
    value: median(share),
    unit: '%',
    target: `90 to 110 ${target}`,
    spread: [Math.min(...share), Math.max(...share)],
    peers: Object.fromEntries(
      names.flatMap((name, n) => [
        [`${name}, MB`, stage(n, (held) => held.rss) / MB],
        [`${name}, most at once, MB`, stage(n, (held) => held.peak) / MB],
        [`${name}, frames`, stage(n, (held) => held.frames)],
      ]),
    ),
  }
}

if (import.meta.main) console.log(JSON.stringify(await bench(), null, 1))
