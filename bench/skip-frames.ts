import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Figure, median, ROUNDS } from './figure.ts'
import { runIndexer } from './live.ts'
import { runNode } from './pinned.ts'
import { Relay } from './relay.ts'

const LOOPS = 60

/**
 * The firehose of others: one tracked repo that is silent, and a relay that floods commits of those that are not
 * ours, about 4 kB each. Frames a second from a real socket to a cursor that has passed them, on one core; beside it what
 * `ws` takes from the same socket when nobody looks into the frames.
 */
export async function bench(): Promise<Figure[]> {
  using relay = new Relay()
  const dir = mkdtempSync(join(tmpdir(), 'lextap-bench-'))
  try {
    const { quiet, ...urls } = await relay.network({ repos: 500, records: 100, quiet: 1 })
    const { frames, last } = await relay.commits(20)
    await relay.pace('flood', { loops: LOOPS })
    const total = frames * LOOPS
    const seq = last + frames * (LOOPS - 1)
    const rates: number[] = []
    const bare: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const database = `sqlite:${join(dir, `${round}.db`)}`
      const config = { track: { dids: [...quiet] } }
      rates.push(total / runIndexer({ ...urls, database, style: 'rows', seq, config }).seconds)
      bare.push(bareSocket(urls.relay, total))
    }
    return [
      {
        id: 'skip-frames',
        value: median(rates),
        unit: 'frames/s',
        target: '>= 40,000',
        spread: [Math.min(...rates), Math.max(...rates)],
        peers: { 'ws alone, frames not looked at': median(bare) },
      },
    ]
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const bareSocket = (relay: string, frames: number): number =>
  Number(runNode([join(import.meta.dirname, 'bare-socket.ts'), relay, String(frames)]))

if (import.meta.main) console.log(await bench())
