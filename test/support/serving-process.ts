/**
 * lextap in the place of a Tap, in a process of its own, for tests that kill it. Started with one argument, a JSON
 * object: `{ relay, plc, database, config, killAt?: { metric, label?, nth } }`. It kills itself with SIGKILL the
 * nth time the metric is counted (with that label among its values), and prints `listening <url>`.
 */

import type { TapConfig } from '../../src/config/types.ts'
import { createTap } from '../../src/tap.ts'
import { quietObserver, sandboxConfig } from './run-tap.ts'

interface Orders {
  readonly relay: string
  readonly plc: string
  readonly database: string
  readonly config: TapConfig
  readonly killAt?: { readonly metric: string; readonly label?: string; readonly nth: number }
}

const orders = JSON.parse(process.argv[2] ?? '{}') as Orders
const { database, config } = orders
const network = { relay: orders.relay, relayHttp: '', plc: orders.plc, resolveHandle: async () => null }
const observer = quietObserver()
if (orders.killAt !== undefined) {
  const { metric, label, nth } = orders.killAt
  let seen = 0
  const count = observer.metrics.count.bind(observer.metrics)
  observer.metrics.count = (name, help, labels = {}, by = 1) => {
    const meant = name === metric && (label === undefined || Object.values(labels).includes(label))
    if (meant) seen += by
    if (meant && seen >= nth) process.kill(process.pid, 'SIGKILL')
    count(name, help, labels, by)
  }
}
const tap = createTap(sandboxConfig({ network, database, config }), {
  observer,
  definitions: [],
  schemas: {},
  handles: { resolve: async () => null },
})
process.on('SIGTERM', () => void tap.stop())
await tap.start()
process.stdout.write(`listening ${tap.serverUrl}\n`)
await tap.finished.catch((error) => {
  process.stderr.write(`${error}\n`)
  process.exitCode = 1
})
