/**
 * An indexer in a process of its own, for tests that kill it. Started with one argument, a JSON object:
 * `{ relay, plc, database, killAt?: { metric, label?, nth } }`. It kills itself with SIGKILL the nth time the
 * metric is counted (with that label among its values), and prints `settled <seq>` each time it is level.
 */

import { createTap } from '../../src/tap.ts'
import { plainHandlers, schemas } from './plain-handlers.ts'
import { quietObserver, sandboxConfig } from './run-tap.ts'

interface Orders {
  readonly relay: string
  readonly plc: string
  readonly database: string
  readonly killAt?: { readonly metric: string; readonly label?: string; readonly nth: number }
}

const orders = JSON.parse(process.argv[2] ?? '{}') as Orders
const network = { relay: orders.relay, relayHttp: '', plc: orders.plc, resolveHandle: async () => null }
const config = sandboxConfig({ network, database: orders.database })
const observer = quietObserver()
if (orders.killAt !== undefined) {
  const { metric, label, nth } = orders.killAt
  let seen = 0
  const count = observer.metrics.count.bind(observer.metrics)
  observer.metrics.count = (name, help, labels = {}, by = 1) => {
    const meant = name === metric && (label === undefined || Object.values(labels).includes(label))
    if (meant && ++seen === nth) process.kill(process.pid, 'SIGKILL')
    count(name, help, labels, by)
  }
}
/** Counts calls, so that a test can die inside an open transaction: `{ metric: 'handler_calls', … }`. */
const definitions = plainHandlers().map((definition) => {
  if (definition.kind !== 'record') return definition
  const { put } = definition.handlers
  const counted: typeof put = async (event, context) => {
    await put?.(event, context)
    observer.metrics.count('handler_calls', 'calls')
  }
  const { delete: remove } = definition.handlers
  const countedDelete: typeof remove = async (event, context) => {
    await remove?.(event, context)
    observer.metrics.count('delete_calls', 'calls')
  }
  return { ...definition, handlers: { ...definition.handlers, put: counted, delete: countedDelete } }
})
const tap = createTap(config, {
  observer,
  definitions,
  schemas,
  handles: { resolve: async () => null },
})
process.on('SIGTERM', () => void tap.stop())
await tap.start()
process.stdout.write('started\n')
process.stdin.on('data', (data) => {
  // `level <seq>`: say when everything up to there is done.
  const seq = Number(String(data).trim().split(' ')[1])
  tap.settled({ seq }).then(
    () => process.stdout.write(`settled ${seq}\n`),
    () => {},
  )
})
await tap.finished.catch((error) => {
  process.stderr.write(`${error}\n`)
  process.exitCode = 1
})
process.stdin.destroy()
