/**
 * The indexer of a simulation in a process of its own, to be killed. Its one argument is JSON (`Orders`). It
 * kills itself with SIGKILL when a metric is counted for the nth time (with that label among its values).
 */

import { pino } from 'pino'
import { resolveConfig } from '../../src/config/resolve.ts'
import type { TapConfig } from '../../src/config/types.ts'
import { Metrics } from '../../src/observe/metrics.ts'
import { createTap } from '../../src/tap.ts'
import { schemas } from '../support/plain-handlers.ts'
import { Behaviour, type Mischief, simulationHandlers } from './handlers.ts'

export interface KillAt {
  readonly metric: string
  readonly label?: string
  readonly nth: number
}

export interface Orders {
  readonly config: TapConfig
  /** Where handles are resolved: base URL of a PDS. */
  readonly resolver: string
  readonly mischief: Partial<Mischief>
  readonly killAt: KillAt
  readonly batchHandlers: boolean
  readonly resetCursor: boolean
}

const orders = JSON.parse(process.argv[2] ?? '') as Orders
const metrics = new Metrics()
const { metric, label, nth } = orders.killAt
const count = metrics.count.bind(metrics)
let seen = 0
metrics.count = (name, help, labels = {}, by = 1) => {
  const meant = name === metric && (label === undefined || Object.values(labels).includes(label))
  if (meant && ++seen >= nth) process.kill(process.pid, 'SIGKILL')
  count(name, help, labels, by)
}
const behaviour = new Behaviour(orders.mischief, () => metrics.count('handler_calls', 'calls'))
const tap = createTap(resolveConfig(orders.config, { root: process.cwd(), file: null }), {
  observer: { log: pino({ level: 'debug' }, pino.destination({ dest: 2, sync: true })), metrics },
  definitions: simulationHandlers(behaviour, orders.batchHandlers),
  schemas,
  resetCursor: orders.resetCursor,
  handles: {
    resolve: async (handle) => {
      const url = `${orders.resolver}/xrpc/com.atproto.identity.resolveHandle?handle=${handle}`
      const response = await fetch(url)
      return response.ok ? ((await response.json()) as { did: string }).did : null
    },
  },
})
process.on('SIGTERM', () => void tap.stop())
await tap.start()
process.stdout.write('started\n')
await tap.finished.catch((error) => {
  process.stdout.write(`failed ${(error as { code?: string }).code ?? String(error)}\n`)
  process.exitCode = 1
})
