import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { TapConfig } from '../../src/config/types.ts'
import type { HandlerDefinition } from '../../src/dispatch/handler.ts'
import { type Network, startNetwork } from '../../src/testing/index.ts'
import { onEachDatabase } from '../support/each-database.ts'
import { anySchema, plainHandlers, put } from '../support/plain-handlers.ts'
import type { RunningTap, RunTapOptions } from '../support/run-tap.ts'
import { Consumer, STATUS, status } from './consumer.ts'

const soon = { timeout: 15_000 }

/** Every message of a channel as it came over the wire, acked at once. */
async function listen(running: RunningTap, query = ''): Promise<{ lines: string[]; close: () => void }> {
  const socket = new WebSocket(`${running.tap.serverUrl?.replace('http', 'ws')}/channel${query}`)
  const lines: string[] = []
  socket.on('message', (data) => {
    lines.push(String(data))
    socket.send(JSON.stringify({ type: 'ack', id: JSON.parse(String(data)).id }))
  })
  await once(socket, 'open')
  return { lines, close: () => socket.terminate() }
}

onEachDatabase(({ runTap }) => {
  const run = (
    network: Network,
    config: TapConfig,
    options: Partial<RunTapOptions> = {},
  ): Promise<RunningTap> =>
    runTap({
      network,
      definitions: [],
      schemas: {},
      config: { server: { port: 0 }, track: {}, ...config },
      ...options,
    })

  test('what goes over the wire is what Tap would send, to the byte', async () => {
    await using network = await startNetwork({ seed: 'bytes', clock: 'system' })
    const repo = network.createRepo({ records: 0 })
    await using running = await run(network, {})
    const client = await listen(running)
    await running.tap.addRepos([repo.did])
    await running.tap.settled()
    const link = 'bafyreifdcwe3k6vkowpi4crnc7ed6uh6xnosmnjty5yh5bhydgrcudx5di'
    const blob = {
      $type: 'blob',
      ref: { $link: link.replace('bafyrei', 'bafkrei') },
      mimeType: 'image/png',
      size: 5,
    }
    const record = {
      ...status('<b> & \u2028'),
      list: [{ z: 1, a: { $bytes: 'AQI' } }, null, false, -7],
      cid: { $link: link },
      blob,
      '🦋': 'é\b',
    }
    const { rkey, cid } = repo.create(STATUS, record)
    repo.delete(STATUS, rkey)
    await expect.poll(() => client.lines.length, soon).toBe(network.truth().size + 3)
    const [created = '', deleted = ''] = client.lines.slice(-2)
    const row = JSON.parse(created)
    const head = (id: number, rev: string, action: string) =>
      `{"id":${id},"type":"record","record":{"live":true,"did":"${repo.did}","rev":"${rev}","collection":"${STATUS}","rkey":"${rkey}","action":"${action}"`
    expect(created).toBe(
      `${head(row.id, row.record.rev, 'create')},"record":{"$type":"${STATUS}",` +
        `"blob":{"$type":"blob","ref":{"$link":"${blob.ref.$link}"},"mimeType":"image/png","size":5},` +
        `"cid":{"$link":"${link}"},"createdAt":"2026-01-01T00:00:00.000Z",` +
        String.raw`"list":[{"a":{"$bytes":"AQI"},"z":1},null,false,-7],"status":"\u003cb\u003e \u0026 \u2028",` +
        String.raw`"🦋":"é\b"},"cid":"${cid}"}}`,
    )
    expect(deleted).toBe(`${head(row.id + 1, JSON.parse(deleted).record.rev, 'delete')}}}`)
    client.close()
  })

  test('a record that fails its lexicon or its handler is delivered all the same: the outbox follows the index', async () => {
    await using network = await startNetwork({ seed: 'failing', clock: 'system' })
    const repo = network.createRepo({ records: 0 })
    const strict = {
      $nsid: STATUS,
      $safeParse: (value: unknown) =>
        (value as { status: string }).status === 'invalid'
          ? { success: false as const, issues: [] }
          : { success: true as const, value },
    }
    const failing: HandlerDefinition = {
      kind: 'record',
      pattern: STATUS,
      schemas: [strict],
      handlers: {
        async put(event, context) {
          await put(event, context)
          if (event.record.status === 'throws') throw new Error('no')
        },
      },
    }
    await using running = await run(
      network,
      { delivery: { records: true }, handling: { attempts: 1 } },
      { definitions: [failing], schemas: { [STATUS]: strict } },
    )
    const client = await listen(running)
    await running.tap.addRepos([repo.did])
    await running.tap.settled()
    for (const text of ['invalid', 'throws', 'fine']) repo.create(STATUS, status(text))
    const told = () => client.lines.flatMap((line) => JSON.parse(line).record?.record?.status ?? [])
    await expect.poll(told, soon).toEqual(['invalid', 'throws', 'fine'])
    const letters = await running.tap.store.deadLetters.list({ limit: 10 })
    expect(letters.map(({ kind }) => kind).toSorted()).toEqual(['handler', 'invalid'])
    expect(await running.rows('rec')).toHaveLength(1)
    client.close()
  })

  test('what handlers emit arrives after the commit, at those who ask for it, and rolls back with its handler', async () => {
    await using network = await startNetwork({ seed: 'emit', clock: 'system' })
    const repo = network.createRepo({ records: 0 })
    let failures = 0
    const emitting: HandlerDefinition = {
      kind: 'record',
      pattern: STATUS,
      schemas: [anySchema(STATUS)],
      handlers: {
        async put(event, context) {
          await context.emit('status.set', { uri: event.uri, text: `${event.record.status} </b>` })
          if (event.record.status === 'again' && failures++ < 2) throw new Error('not yet')
          if (event.record.status === 'never') throw new Error('never')
          await put(event, context)
        },
      },
    }
    await using running = await run(network, {}, { definitions: [emitting] })
    await expect(listen(running)).rejects.toThrow('400')
    const client = await listen(running, '?emit=only')
    await running.tap.addRepos([repo.did])
    await running.tap.settled()
    for (const text of ['once', 'never', 'again']) repo.create(STATUS, status(text))
    await expect.poll(() => client.lines.length, soon).toBe(2)
    const rows = await running.rows('rec')
    const emitted = client.lines.map((line) => JSON.parse(line))
    expect(emitted[0]).toEqual({
      id: expect.any(Number),
      type: 'emit',
      emit: {
        live: true,
        did: repo.did,
        name: 'status.set',
        payload: { uri: rows[0]?.uri, text: 'once </b>' },
      },
    })
    expect(emitted[1].emit.payload.text).toBe('again </b>')
    await expect.poll(() => running.tap.store.outbox.count(), soon).toBe(0)
    client.close()
  })

  test('a project with handlers delivers nothing unless it says so', async () => {
    await using network = await startNetwork({ seed: 'silent', clock: 'system' })
    const repo = network.createRepo({ records: 20 })
    await using running = await runTap({ network, config: { server: { port: 0 }, track: {} } })
    await running.tap.addRepos([repo.did])
    await running.tap.settled()
    expect((await running.rows('rec')).length).toBeGreaterThan(19)
    expect(await running.tap.store.outbox.count()).toBe(0)
    const answer = await fetch(`${running.tap.serverUrl}/channel`)
    expect(await answer.json()).toMatchObject({ message: expect.stringContaining('delivery.records') })
  })

  test('handlers and a channel side by side', async () => {
    await using network = await startNetwork({ seed: 'both', clock: 'system' })
    const repo = network.createRepo({ records: 20 })
    await using running = await runTap({
      network,
      definitions: plainHandlers(),
      config: { server: { port: 0 }, track: {}, delivery: { records: true } },
    })
    await using consumer = new Consumer(running.tap.serverUrl ?? '')
    consumer.start()
    await running.tap.addRepos([repo.did])
    await expect.poll(() => consumer.records.size, soon).toBe(network.truth().size)
    expect((await running.rows('rec')).length).toBe(network.truth().size)
  })

  test('a full outbox slows the source: backfill and stream wait, and go on when somebody takes events', async () => {
    await using network = await startNetwork({ seed: 'full', clock: 'system' })
    const repos = Array.from({ length: 6 }, () => network.createRepo({ records: 300 }))
    await using running = await run(network, { delivery: { capacity: 100 }, track: { network: 'full' } })
    const { outbox } = running.tap.store
    await expect.poll(() => running.tap.status().then((all) => all.outbox?.full), soon).toBe(true)
    for (const repo of repos) for (let i = 0; i < 20; i++) repo.create(STATUS, status(`${i}`))
    await network.relayIdle()
    const waiting = await outbox.count()
    // Units under way when it became full still write: one chunk for each lane of the backfill at most.
    expect(waiting).toBeLessThan(network.truth().size)
    await running.tap.store.repos.get(repos[0]?.did ?? '')
    expect(await outbox.count()).toBe(waiting)
    const { ok, body } = await fetch(`${running.tap.serverUrl}/health`).then(async (r) => ({
      ok: r.ok,
      body: await r.json(),
    }))
    expect([ok, body]).toEqual([
      true,
      { status: 'ok', waiting_for: expect.stringContaining('room in the outbox') },
    ])

    await using consumer = new Consumer(running.tap.serverUrl ?? '')
    consumer.start()
    await expect.poll(() => consumer.records.size, { timeout: 30_000 }).toBe(network.truth().size)
    await expect.poll(() => outbox.count(), soon).toBe(0)
  })

  test('webhook mode: everything is posted, the channel is closed', async () => {
    await using network = await startNetwork({ seed: 'hook', clock: 'system' })
    const repo = network.createRepo({ records: 30 })
    const bodies: string[] = []
    const endpoint = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request.setEncoding('utf8')) body += chunk
      expect(request.headers.authorization).toBe(`Basic ${Buffer.from('admin:pw').toString('base64')}`)
      bodies.push(body)
      response.end()
    })
    endpoint.listen(0, '127.0.0.1')
    await once(endpoint, 'listening')
    const webhook = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`
    await using running = await run(network, {
      server: { port: 0, host: '127.0.0.1', password: 'pw' },
      delivery: { webhook },
    })
    await running.tap.addRepos([repo.did])
    await expect.poll(() => bodies.length, soon).toBe(network.truth().size + 1)
    const authorization = `Basic ${Buffer.from('admin:pw').toString('base64')}`
    const answer = await fetch(`${running.tap.serverUrl}/channel`, { headers: { authorization } })
    expect(await answer.json()).toMatchObject({ message: 'websocket not available in webhook mode' })
    endpoint.close()
  })

  test('outbox only: what waits is delivered, nothing new is looked for', async () => {
    await using network = await startNetwork({ seed: 'only', clock: 'system' })
    const repo = network.createRepo({ records: 10 })
    const first = await run(network, {})
    await first.tap.addRepos([repo.did])
    await first.tap.settled()
    const { database } = first.config
    const expected = network.truth().size
    await first.tap.stop()
    repo.create(STATUS, status('later'))
    await using second = await run(network, { delivery: { outboxOnly: true } }, { database })
    await using consumer = new Consumer(second.tap.serverUrl ?? '')
    consumer.start()
    await expect.poll(() => consumer.records.size, soon).toBe(expected)
    await expect.poll(() => second.tap.store.outbox.count(), soon).toBe(0)
    expect((await second.tap.status()).relay.connected).toBe(false)
  })
})
