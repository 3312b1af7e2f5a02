import { type FileHandle, open } from 'node:fs/promises'
import { exitCodeOf, TemporaryError, UserError } from '../../errors.ts'
import { Judge, type Judgement, type Verdict } from '../../repo/judge.ts'
import type { LegacyPolicy } from '../../repo/policy.ts'
import { printLine } from '../print.ts'
import { onStopSignals } from '../stop-signals.ts'
import { readCapture } from './files.ts'
import { keysOfDocuments, keysOfNetwork, notChecked, unchecked } from './keys.ts'
import { liveFrames } from './live.ts'
import { type NetworkFlags, openNetwork } from './network.ts'

export interface FramesFlags extends NetworkFlags {
  readonly didDocs?: string
  readonly resolve?: true
  readonly legacy: LegacyPolicy
  readonly cursor?: number
  readonly limit?: number
  readonly save?: string
  readonly json?: true
}

/** `lextap inspect frames` */
export async function inspectFrames(source: string, flags: FramesFlags): Promise<void> {
  await using network = openNetwork(flags)
  const live = /^wss?:\/\//.test(source)
  const keyOf =
    flags.didDocs !== undefined
      ? await keysOfDocuments(flags.didDocs)
      : flags.resolve || live
        ? keysOfNetwork(network.identity)
        : unchecked
  if (keyOf === unchecked) notChecked('--did-docs <file>')
  using signals = onStopSignals(() => {})
  const stop = new AbortController()
  void signals.first.then(() => stop.abort())
  const cursor = flags.cursor ?? null
  const frames = live ? liveFrames(source, { cursor, signal: stop.signal }) : readCapture(source)
  await using save = flags.save === undefined ? null : await open(flags.save, 'w')
  const judge = new Judge({ keyOf, legacy: flags.legacy })
  const counts = { ok: 0, invalid: 0, discontinuous: 0, ignored: 0 }
  let left = flags.limit ?? Number.POSITIVE_INFINITY
  try {
    for await (const frame of frames) {
      if (stop.signal.aborted) break
      if (save !== null) await keep(save, frame)
      const judgement = await judge.judge(frame)
      counts[judgement.verdict]++
      printJudgement(judgement, flags)
      if (--left <= 0) break
    }
    if (total(counts) === 0 && !stop.signal.aborted) throw nothing(source, live)
  } catch (error) {
    // What was invalid stays so, however the stream ended.
    if (counts.invalid === 0 || exitCodeOf(error) === 1) throw error
    throw new UserError((error as Error).message, { code: 'source', cause: error })
  } finally {
    if (counts.invalid > 0) process.exitCode = 1
    summary(counts)
  }
}

async function keep(file: FileHandle, frame: Uint8Array): Promise<void> {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(frame.length)
  await file.writev([length, frame])
}

function printJudgement(judgement: Judgement, flags: FramesFlags): void {
  const { reason, ...facts } = judgement
  const { seq, kind, did, rev, verdict, rule, ops } = facts
  if (flags.json) {
    printLine(JSON.stringify({ seq, kind, did, rev, verdict, rule, ops }))
    return
  }
  const signs = { create: '+', update: '~', delete: '-' } as Record<string, string>
  const changes = ops.map(({ action, path }) => `${signs[action]}${path}`).join(' ')
  const why = reason === '' ? '' : `${rule ?? ''} ${reason}`
  const cells = [verdict.padEnd(13), String(seq ?? '-').padStart(10), kind.padEnd(8), did ?? '-', rev ?? '-']
  printLine([...cells, changes, why].filter((cell) => cell !== '').join(' '))
}

/** On stderr: stdout is one line a message. */
function summary(counts: Record<Verdict, number>): void {
  const said = Object.entries(counts).map(([verdict, n]) => `${n} ${verdict}`)
  process.stderr.write(`${total(counts)} messages: ${said.join(', ')}\n`)
}

const total = (counts: Record<Verdict, number>) => Object.values(counts).reduce((sum, n) => sum + n, 0)

/** Where nothing was judged nothing was found in order: a script must not take it for a good verdict. */
function nothing(source: string, live: boolean): Error {
  return live
    ? new TemporaryError(`${source} closed the connection before the first message`, { code: 'source' })
    : new UserError(`${source} holds no message: there is nothing to judge`, { code: 'input' })
}
