import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { event, TestOutbox } from '../../test/support/outbox.ts'
import type { OutboxEvent } from '../store/outbox.ts'
import { Webhook, type WebhookOptions } from './webhook.ts'

const soon = { timeout: 10_000 }

interface Call {
  readonly key: string
  readonly body: string
  readonly headers: IncomingMessage['headers']
}

/** An endpoint that answers as it is told. */
class Endpoint {
  readonly calls: Call[] = []
  /** Requests that were not answered yet. */
  readonly open: { key: string; response: ServerResponse }[] = []
  most = 0
  answer: (key: string) => number | 'hold' | 'reset' | 'endless' = () => 200
  headers: Record<string, string> = {}
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  async listen(port = 0): Promise<string> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`
  }

  get keys(): string[] {
    return this.calls.map(({ key }) => key)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const key = JSON.parse(body).record.rkey
    this.calls.push({ key, body, headers: request.headers })
    this.open.push({ key, response })
    this.most = Math.max(this.most, this.open.length)
    const answer = this.answer(key)
    if (answer === 'hold') return
    if (answer === 'reset') request.socket.destroy()
    if (answer === 'endless') response.writeHead(200).write('and')
    else this.reply(key, answer === 'reset' ? 200 : answer)
  }

  reply(key: string, status: number): void {
    const at = this.open.findLastIndex((one) => one.key === key)
    const [found] = this.open.splice(at, 1)
    found?.response.writeHead(status, this.headers).end('whatever')
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

interface Hook extends AsyncDisposable {
  readonly outbox: TestOutbox
  readonly endpoint: Endpoint
  readonly webhook: Webhook
  readonly url: string
}

async function hook(
  options: Partial<WebhookOptions> = {},
  events: readonly OutboxEvent[] = [],
): Promise<Hook> {
  const outbox = await TestOutbox.start({ capacity: 100_000 })
  const endpoint = new Endpoint()
  const url = await endpoint.listen()
  const { delivery, observer } = outbox
  const webhook = new Webhook({
    ...{ delivery, observer, url, password: null, concurrency: 4 },
    backoff: { baseMs: 20, maxMs: 40 },
    ...options,
  })
  await outbox.append(...events)
  webhook.start()
  return {
    ...{ outbox, endpoint, webhook, url },
    async [Symbol.asyncDispose]() {
      await webhook.stop()
      endpoint.close()
      await outbox.stop()
    },
  }
}

test("each event is posted once, with Tap's body and headers", async () => {
  await using h = await hook({ password: 'secret' }, [event('did:plc:a', 1)])
  await expect.poll(() => h.outbox.store.outbox.count(), soon).toBe(0)
  const [call] = h.endpoint.calls
  expect(h.endpoint.calls).toHaveLength(1)
  expect(call?.body).toBe(
    '{"id":1,"type":"record","record":{"live":true,"did":"did:plc:a","rev":"3kb3fge5lm32x","collection":"app.bsky.feed.post","rkey":"k1","action":"delete"}}',
  )
  expect(call?.headers).toMatchObject({
    'content-type': 'application/json',
    authorization: `Basic ${Buffer.from('admin:secret').toString('base64')}`,
  })
})

test('without a password there is no authorization, unless the URL brings one', async () => {
  await using h = await hook({}, [event('did:plc:a', 1)])
  // Taken, or stopping would leave it under way and its repo closed.
  await expect.poll(() => h.outbox.store.outbox.count(), soon).toBe(0)
  expect(h.endpoint.calls[0]?.headers.authorization).toBeUndefined()
  const { delivery, observer } = h.outbox
  const url = h.url.replace('http://', 'http://me:p%40ss@')
  await h.webhook.stop()
  const named = new Webhook({ delivery, observer, url, password: null, concurrency: 1 })
  named.start()
  await h.outbox.append(event('did:plc:a', 2))
  await expect.poll(() => h.endpoint.calls.length, soon).toBe(2)
  expect(h.endpoint.calls[1]?.headers.authorization).toBe(
    `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
  )
  await named.stop()
})

test('the order of a repo is kept: a live event waits for the one before it', async () => {
  await using h = await hook()
  h.endpoint.answer = () => 'hold'
  await h.outbox.append(event('did:plc:a', 1), event('did:plc:a', 2), event('did:plc:b', 3))
  await expect.poll(() => h.endpoint.keys.toSorted(), soon).toEqual(['k1', 'k3'])
  h.endpoint.reply('k3', 200)
  await expect.poll(() => h.outbox.store.outbox.count(), soon).toBe(2)
  expect(h.endpoint.keys).not.toContain('k2')
  h.endpoint.reply('k1', 200)
  await expect.poll(() => h.endpoint.keys, soon).toContain('k2')
})

test('no more requests are under way than allowed', async () => {
  await using h = await hook({ concurrency: 3 })
  h.endpoint.answer = () => 'hold'
  await h.outbox.append(...Array.from({ length: 20 }, (_, n) => event(`did:plc:${n}`, n)))
  await expect.poll(() => h.endpoint.open.length, soon).toBe(3)
  h.endpoint.answer = () => 200
  for (const { key } of [...h.endpoint.open]) h.endpoint.reply(key, 200)
  await expect.poll(() => h.outbox.store.outbox.count(), soon).toBe(0)
  expect(h.endpoint.most).toBe(3)
})

test('an event that is refused is tried again, and its repo waits while others go on', async () => {
  await using h = await hook()
  let refusals = 0
  h.endpoint.answer = (key) => (key === 'k1' && refusals++ < 3 ? 500 : 200)
  await h.outbox.append(event('did:plc:a', 1, false), event('did:plc:a', 2), event('did:plc:b', 3))
  await expect.poll(() => h.outbox.store.outbox.count(), soon).toBe(0)
  expect(h.endpoint.keys.filter((key) => key === 'k1')).toHaveLength(4)
  expect(h.endpoint.keys.indexOf('k2')).toBeGreaterThan(h.endpoint.keys.lastIndexOf('k1'))
  expect(h.endpoint.keys.indexOf('k3')).toBeLessThan(h.endpoint.keys.lastIndexOf('k1'))
})

test('while an event waits for its next attempt nothing new of its repo is sent, historical or not', async () => {
  await using h = await hook({ concurrency: 2, backoff: { baseMs: 300, maxMs: 300 } })
  let refusals = 0
  h.endpoint.answer = (key) => (key === 'k0' && refusals++ < 1 ? 500 : 200)
  await h.outbox.append(...Array.from({ length: 8 }, (_, n) => event('did:plc:a', n, false)))
  await expect.poll(() => h.outbox.store.outbox.count(), soon).toBe(0)
  const again = h.endpoint.keys.lastIndexOf('k0')
  // One more may have been under way beside it.
  expect(again).toBeGreaterThan(0)
  expect(again).toBeLessThan(4)
})

test('what is refused every time becomes a dead letter, its repo goes on, and a retry sends it again', async () => {
  await using h = await hook({ attempts: 3 })
  h.endpoint.answer = (key) => (key === 'k1' ? 422 : 200)
  await h.outbox.append(event('did:plc:a', 1), event('did:plc:a', 2))
  await expect.poll(() => h.outbox.store.outbox.count(), soon).toBe(0)
  expect(h.endpoint.keys).toEqual(['k1', 'k1', 'k1', 'k2'])
  const [letter] = await h.outbox.store.outbox.listFailed(0, 10)
  expect(letter).toMatchObject({ did: 'did:plc:a', attempts: 3, error: 'the webhook answered 422' })
  expect(letter?.name).toBe('at://did:plc:a/app.bsky.feed.post/k1')
  expect(await h.outbox.store.outbox.countFailed()).toBe(1)
  expect(h.outbox.delivery.pending).toBe(0)

  h.endpoint.answer = () => 200
  expect(await h.outbox.store.outbox.retryFailed([letter?.id ?? 0])).toBe(1)
  await expect.poll(() => h.endpoint.keys.length, soon).toBe(5)
  await expect.poll(() => h.outbox.store.outbox.count(), soon).toBe(0)
  expect(await h.outbox.store.outbox.countFailed()).toBe(0)
})

test('while the endpoint is down one event asks for all, so the others keep their attempts', async () => {
  await using h = await hook({ attempts: 5 })
  h.endpoint.answer = () => 503
  await h.outbox.append(...Array.from({ length: 30 }, (_, n) => event(`did:plc:${n}`, n)))
  // Four were under way when it went down; the first of them runs out of attempts while most were never sent.
  await expect.poll(() => h.outbox.store.outbox.countFailed(), soon).toBeGreaterThan(0)
  h.endpoint.answer = () => 200
  expect(new Set(h.endpoint.keys).size).toBeLessThan(20)
  await expect.poll(() => h.outbox.store.outbox.count(), soon).toBe(0)
  expect(await h.outbox.store.outbox.countFailed()).toBeLessThan(20)
})

test('an event that brings the endpoint down each time does not stop the others', async () => {
  await using h = await hook({ attempts: 1_000_000, concurrency: 2 })
  // A gateway says so of a consumer that crashes on it.
  h.endpoint.answer = (key) => (key === 'k0' || key === 'k1' ? 502 : 200)
  await h.outbox.append(...Array.from({ length: 30 }, (_, n) => event(`did:plc:${n}`, n)))
  await expect.poll(() => h.outbox.store.outbox.count(), soon).toBe(2)
  expect(await h.outbox.store.outbox.countFailed()).toBe(0)
})

test('an answer whose body never ends takes its event, and does not keep the connection', async () => {
  await using h = await hook({ concurrency: 2 })
  h.endpoint.answer = () => 'endless'
  await h.outbox.append(...Array.from({ length: 6 }, (_, n) => event(`did:plc:${n}`, n)))
  await expect.poll(() => h.outbox.store.outbox.count(), soon).toBe(0)
  expect(h.endpoint.calls).toHaveLength(6)
})

test('an endpoint that is not there, hangs up or takes too long is the same as one that is down', async () => {
  await using h = await hook({ attempts: 50, timeoutMs: 100 })
  let calls = 0
  h.endpoint.answer = () => (calls++ === 0 ? 'reset' : calls < 4 ? 'hold' : 200)
  await h.outbox.append(event('did:plc:a', 1))
  await expect.poll(() => h.outbox.store.outbox.count(), soon).toBe(0)
  expect(h.endpoint.keys.length).toBeGreaterThanOrEqual(3)
  expect(await h.outbox.store.outbox.countFailed()).toBe(0)
})

test('an endpoint that refuses everything: few events are held, the others wait in the table, all arrive in the end', async () => {
  await using h = await hook({ attempts: 1_000_000, maxRetries: 50 })
  h.endpoint.answer = () => 500
  await h.outbox.append(...Array.from({ length: 600 }, (_, n) => event(`did:plc:${n % 300}`, n)))
  await expect.poll(() => h.endpoint.calls.length, soon).toBeGreaterThan(200)
  // Those under way come on top.
  expect(h.outbox.delivery.inFlight).toBeLessThanOrEqual(54)
  expect(new Set(h.endpoint.keys).size).toBeLessThanOrEqual(54)
  expect(await h.outbox.store.outbox.count()).toBe(600)
  h.endpoint.answer = () => 200
  await expect.poll(() => h.outbox.store.outbox.count(), soon).toBe(0)
  expect(new Set(h.endpoint.keys).size).toBe(600)
  const order = h.endpoint.keys.map((key) => Number(key.slice(1)))
  for (const n of [0, 7, 299]) expect(order.lastIndexOf(n)).toBeLessThan(order.indexOf(n + 300))
})

test('Retry-After is honoured', async () => {
  await using h = await hook()
  h.endpoint.headers = { 'retry-after': '1' }
  let first = 0
  h.endpoint.answer = () => {
    if (first > 0) return 200
    first = performance.now()
    return 429
  }
  await h.outbox.append(event('did:plc:a', 1))
  await expect.poll(() => h.outbox.store.outbox.count(), soon).toBe(0)
  expect(performance.now() - first).toBeGreaterThan(990)
})

test('stopping ends a request under way; its event comes again', async () => {
  const h = await hook()
  h.endpoint.answer = () => 'hold'
  await h.outbox.append(event('did:plc:a', 1))
  await expect.poll(() => h.endpoint.open.length, soon).toBe(1)
  await h.webhook.stop()
  expect(await h.outbox.store.outbox.count()).toBe(1)
  await h[Symbol.asyncDispose]()
})

test('a redirect takes nothing: the event would go where nobody named', async () => {
  await using h = await hook({ attempts: 2 })
  h.endpoint.headers = { location: 'http://127.0.0.1:1/' }
  h.endpoint.answer = () => 307
  await h.outbox.append(event('did:plc:a', 1))
  await expect.poll(() => h.outbox.store.outbox.countFailed(), soon).toBe(1)
  expect((await h.outbox.store.outbox.listFailed(0, 1))[0]?.error).toBe('the webhook answered 307')
})
