import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { type Network, startNetwork } from '../../src/testing/index.ts'
import { onEachDatabase } from '../support/each-database.ts'
import { Consumer, STATUS, status } from './consumer.ts'

const soon = { timeout: 20_000 }

interface KillAt {
  readonly metric: string
  readonly label?: string
  readonly nth: number
}

function serve(network: Network, database: string, port: number, killAt: KillAt): ChildProcess {
  const config = { server: { port }, track: { network: 'full' } }
  const orders = JSON.stringify({ relay: network.relay, plc: network.plc, database, config, killAt })
  const args = ['--conditions=lextap-source', 'test/support/serving-process.ts', orders]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

const MOMENTS: KillAt[] = [
  { metric: 'lextap_batches_total', nth: 4 },
  { metric: 'lextap_delivery_sent_total', nth: 1 },
  { metric: 'lextap_delivery_sent_total', nth: 300 },
  { metric: 'lextap_resyncs_total', label: 'done', nth: 3 },
]

onEachDatabase(({ name, runTap, fresh }) => {
  test.each(name === 'sqlite' ? MOMENTS : MOMENTS.slice(-1))(
    'killed while it delivers ($metric, $nth): the app ends up with every record',
    async (killAt) => {
      await using network = await startNetwork({
        seed: `kill tap ${killAt.metric} ${killAt.nth}`,
        clock: 'system',
      })
      const repos = Array.from({ length: 5 }, () => network.createRepo({ records: 120 }))
      const database = await fresh()
      const port = await freePort()
      const child = serve(network, database, port, killAt)
      const gone = once(child, 'exit')
      const records = new Map<string, string>()
      const follow = (consumer: Consumer) => {
        for (const [uri, cid] of records) consumer.records.set(uri, cid)
        consumer.start()
      }
      const before = new Consumer(`http://127.0.0.1:${port}`)
      follow(before)
      await gone
      expect(child.signalCode).toBe('SIGKILL')
      // The app dies with it: an ack it was about to send when the connection ended would never be sent.
      for (const [uri, cid] of before.records) records.set(uri, cid)
      void before.stop()
      for (const repo of repos) repo.create(STATUS, status('after the crash'))

      await using running = await runTap({
        ...{ network, database, definitions: [], schemas: {} },
        // Without a saved cursor the stream starts at its head; what lies between is found by comparing revs.
        config: { server: { port }, track: { network: 'full' }, discovery: { reconcileGraceMs: 1000 } },
      })
      await using consumer = new Consumer(running.tap.serverUrl ?? '')
      follow(consumer)
      await expect.poll(() => consumer.records.size, soon).toBe(network.truth().size)
      const truth = new Map([...network.truth()].map(([uri, { cid }]) => [uri, cid]))
      expect(consumer.records).toEqual(truth)
      await expect.poll(() => running.tap.store.outbox.count(), soon).toBe(0)
    },
  )
})
