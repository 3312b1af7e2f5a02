import type { Observer } from '../observe/observer.ts'
import type { Tap, TapStatus } from '../tap.ts'
import type { ProgressLine } from './progress.ts'
import { statusLine } from './status-line.ts'
import { onStopSignals } from './stop-signals.ts'

export interface RunningOptions {
  readonly observer: Observer
  readonly line: ProgressLine
  /** Runs once when the tap has started. */
  readonly started?: () => void
  /** Asked about once a second; true ends the run as a signal would. */
  readonly isDone?: (status: TapStatus) => boolean
  /** Runs when the end has come and the tap still runs; not after a failure. `asked`: by a signal. */
  readonly closing?: (asked: boolean) => Promise<void>
  /** The progress line. Default {@link statusLine}. */
  readonly describe?: (status: TapStatus) => string
}

/** Runs a tap until a signal, `isDone` or a failure; then stops it and leaves nothing behind. */
export async function runUntilStopped(tap: Tap, options: RunningOptions): Promise<void> {
  const { observer } = options
  using signals = onStopSignals((signal) => {
    observer.log.info({ signal }, 'stopping; once more ends at once')
  })
  const ended = new AbortController()
  try {
    const interrupted = await Promise.race([tap.start().then(() => false), signals.first.then(() => true)])
    if (interrupted) return
    options.started?.()
    const signalled = signals.first.then(() => true)
    const asked = await Promise.race([tap.finished, signalled, watchStatus(tap, options, ended.signal)])
    await options.closing?.(asked === true)
  } finally {
    ended.abort()
    options.line.end()
    await tap.stop()
    observer.log.info('stopped')
  }
}

/** Status as often as it can be shown, less often where asking for it takes long. Resolves when the run is done. */
async function watchStatus(tap: Tap, options: RunningOptions, signal: AbortSignal): Promise<void> {
  const describe = options.describe ?? statusLine
  while (!signal.aborted) {
    const before = performance.now()
    const status = await tap
      .status()
      .catch((err: unknown) => options.observer.log.debug({ err }, 'no status'))
    if (signal.aborted) return
    if (status !== undefined) options.line.update(describe(status))
    if (status !== undefined && options.isDone?.(status)) return
    const pace = options.isDone === undefined ? options.line.everyMs : 1000
    await wait(Math.max(pace, 20 * (performance.now() - before)), signal)
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
    resolve()
  })
  return promise
}
