import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export interface StopSignals extends Disposable {
  /** Resolves with the first signal. */
  readonly first: Promise<NodeJS.Signals>
}

/** The first signal asks for a graceful stop, a second one ends the process on the spot. */
export function onStopSignals(say: (signal: NodeJS.Signals) => void): StopSignals {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let count = 0
  const handle = (signal: NodeJS.Signals) => {
    if (count++ > 0) process.exit(128 + constants.signals[signal])
    say(signal)
    resolve(signal)
  }
  for (const signal of SIGNALS) process.on(signal, handle)
  return {
    first: promise,
    [Symbol.dispose]() {
      for (const signal of SIGNALS) process.off(signal, handle)
    },
  }
}
