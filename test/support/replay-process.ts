/**
 * A tap whose handlers all rose to version 1, in a process of its own that kills itself with SIGKILL inside the
 * transaction of its nth replayed record. Started with one argument, JSON: `{ relay, plc, database, nth }`.
 */
import { createTap } from '../../src/tap.ts'
import { plainHandlers, put, remove, schemas } from './plain-handlers.ts'
import { quietObserver, sandboxConfig } from './run-tap.ts'

const orders = JSON.parse(process.argv[2] ?? '{}') as {
  relay: string
  plc: string
  database: string
  nth: number
}
const network = { relay: orders.relay, relayHttp: '', plc: orders.plc, resolveHandle: async () => null }
let seen = 0
const dying: typeof put = async (event, context) => {
  await put(event, context)
  if (event.source === 'replay' && ++seen === orders.nth) process.kill(process.pid, 'SIGKILL')
}
const definitions = plainHandlers(['xyz.statusphere.status', 'app.bsky.feed.like']).map((definition) =>
  definition.kind === 'record'
    ? {
        ...definition,
        name: definition.pattern.split('.').at(-1) ?? '',
        handlers: { put: dying, delete: remove, version: 1 },
      }
    : definition,
)
const tap = createTap(sandboxConfig({ network, database: orders.database }), {
  observer: quietObserver(),
  definitions,
  schemas,
  handles: { resolve: async () => null },
})
await tap.start()
await tap.finished
