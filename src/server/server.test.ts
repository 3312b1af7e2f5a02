import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { calmStatus } from '../../test/support/calm-status.ts'
import { tempDatabase } from '../../test/support/outbox.ts'
import { Channel } from '../delivery/channel.ts'
import { Delivery } from '../delivery/delivery.ts'
import { TemporaryError } from '../errors.ts'
import { createObserver, type Observer } from '../observe/observer.ts'
import { IdentityError } from '../protocol/did-fetch.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { Health } from './health.ts'
import type { ServerPorts } from './ports.ts'
import { type Listener, type ServerOptions, startMetricsServer, startServer } from './server.ts'

const [A, B, C] = [
  'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
  'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb',
  'did:web:c.example%3A80',
]
let store: Store
let observer: Observer
let server: Listener
let calls: unknown[]
let stuck = false
const status = calmStatus()

const ports: ServerPorts = {
  addRepos: async (dids) => calls.push(['add', ...dids]),
  removeRepo: async (did, options) => calls.push(['remove', did, options]) > 0,
  resync: async (did) => did !== B && calls.push(['resync', did]) > 0,
  resolveDid: async (did) => {
    if (did === B) throw new TemporaryError('the directory is down')
    if (did.startsWith('did:foo:')) throw new IdentityError('invalid', 'did method is not supported')
    return did === A ? { id: A } : null
  },
  retryDeadLetter: async (id) => (calls.push(['retry', id]) > 0 ? 'applied' : 'gone'),
  status: async () => status,
  cursors: async () => ({ firehose: 42, listRepos: null }),
  ready: async () => ({ ready: false, pending: 3 }),
}

async function serve(over: Partial<ServerOptions> = {}): Promise<Listener> {
  const delivery = new Delivery({ outbox: store.outbox, observer, capacity: 10 })
  const channel = new Channel({ delivery, observer, acks: true, retryTimeoutMs: 1000 })
  const probe = () => ({ open: stuck ? 1 : 0, done: '', waitingFor: null, stuckMs: 0.001 })
  return startServer({
    ...{ host: '127.0.0.1', port: 0, password: null, observer, store, ports, channel },
    health: new Health({ probes: { stream: probe } }),
    noChannel: { all: null, records: null },
    ...over,
  })
}

beforeAll(async () => {
  observer = createObserver({ level: 'silent' })
  store = await openStore(tempDatabase(), { observer })
  await store.repos.add([A as string, B as string, C as string])
  const row = await store.repos.get(A as string)
  await store.repos.patch(row?.id ?? 0, {
    state: 'error',
    error: 'no <luck>',
    retryCount: 2,
    handle: 'a.test',
    rev: '3kb3fge5lm32x',
  })
  server = await serve()
})
afterAll(async () => {
  await server.close()
  await store.close()
})
beforeEach(() => {
  calls = []
})

const get = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${server.url}${path}`, { headers })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}
const post = async (path: string, body: string, type = 'application/json') => {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': type },
  })
  const text = await response.text()
  return { status: response.status, text, json: text === '' ? null : JSON.parse(text) }
}
const ok = (text: string) => ({ status: 200, type: 'application/json; charset=UTF-8', text })

test("health and stats are Tap's, to the byte", async () => {
  expect(await get('/health')).toEqual(ok('{"status":"ok"}\n'))
  expect(await get('/stats/repo-count')).toEqual(ok('{"repo_count":3}\n'))
  expect(await get('/stats/record-count')).toEqual(ok('{"record_count":0}\n'))
  expect(await get('/stats/outbox-buffer')).toEqual(ok('{"outbox_buffer":0}\n'))
  expect(await get('/stats/resync-buffer')).toEqual(ok('{"resync_buffer":0}\n'))
  expect(await get('/stats/cursors')).toEqual(ok('{"firehose":42,"list_repos":""}\n'))
})

test('health fails with a reason when the work is stuck', async () => {
  stuck = true
  await get('/health')
  const { status, text } = await get('/health')
  stuck = false
  expect(status).toBe(503)
  const { status: said, message } = JSON.parse(text)
  expect(said).toBe('stuck')
  expect(message).toMatch(/^stream: nothing was finished for \d+ s, 1 under way$/)
})

test('info of a tracked repo, in the order of its keys; others are not found', async () => {
  expect(await get(`/info/${A}`)).toEqual(
    ok(
      `{"did":"${A}","error":"no <luck>","handle":"a.test","records":0,"retries":2,"rev":"3kb3fge5lm32x","state":"error"}\n`,
    ),
  )
  expect(JSON.parse((await get(`/info/${B}`)).text)).toEqual({
    ...{ did: B, error: '', handle: '', records: 0, retries: 0, rev: '', state: 'pending' },
  })
  expect(JSON.parse((await get(`/info/${C}`)).text)).toMatchObject({ did: C })
  expect(JSON.parse((await get(`/info/${encodeURIComponent(C as string)}`)).text)).toMatchObject({ did: C })
  for (const did of ['did:plc:zzzzzzzzzzzzzzzzzzzzzzzz', 'nonsense', 'a/b']) {
    const { status, text } = await get(`/info/${did}`)
    expect([status, JSON.parse(text).message]).toEqual([404, 'repo not found'])
  }
})

test('resolving: the document, no such DID, no DID, and a directory that is down', async () => {
  expect(await get(`/resolve/${A}`)).toEqual(ok(`{"id":"${A}"}\n`))
  expect(await get(`/resolve/${C}`)).toMatchObject({
    status: 404,
    text: expect.stringContaining('DID not found'),
  })
  expect(await get('/resolve/nonsense')).toMatchObject({
    status: 400,
    text: expect.stringContaining('improperly formatted DID'),
  })
  expect(await get(`/resolve/${B}`)).toMatchObject({
    status: 503,
    text: expect.stringContaining('the directory is down'),
  })
})

test('a DID that no directory can know is the fault of whoever asks', async () => {
  expect(await get('/resolve/did:foo:bar')).toMatchObject({
    status: 400,
    text: '{"message":"did method is not supported"}\n',
  })
})

test('adding and removing answer with an empty 200', async () => {
  expect(await post('/repos/add', JSON.stringify({ dids: [A, C, A] }))).toMatchObject({
    status: 200,
    text: '',
  })
  expect(await post('/repos/remove', JSON.stringify({ dids: [A] }))).toMatchObject({ status: 200, text: '' })
  expect(
    await post('/repos/remove', JSON.stringify({ dids: [A], keepRows: true, exclude: true })),
  ).toMatchObject({
    status: 200,
  })
  expect(await post('/repos/add', '{"dids":[]}')).toMatchObject({ status: 200, text: '' })
  expect(calls).toEqual([
    ['add', A, C],
    ['remove', A, { keepRows: false, exclude: false }],
    ['remove', A, { keepRows: true, exclude: true }],
    ['add'],
  ])
})

test('resync says which repos it does not know', async () => {
  expect((await post('/repos/resync', JSON.stringify({ dids: [A, B] }))).json).toEqual({
    resyncing: 1,
    unknown: [B],
  })
})

test('a thousand DIDs in one call', async () => {
  const dids = Array.from(
    { length: 1000 },
    (_, n) =>
      `did:plc:${String(n)
        .padStart(24, 'a')
        .replaceAll(/[0189]/g, 'b')}x${n}`,
  )
  expect(await post('/repos/add', JSON.stringify({ dids }))).toMatchObject({ status: 200 })
  expect(calls[0]).toHaveLength(1001)
})

test('invalid DIDs are named and nothing is done', async () => {
  const { status, json } = await post(
    '/repos/add',
    JSON.stringify({ dids: [A, 'did:x', 5, { a: 1 }, 'x'.repeat(500)] }),
  )
  expect(status).toBe(400)
  expect(json.message).toBe(`not a DID, nothing was done: did:x, 5, {"a":1}, ${'x'.repeat(200)}…`)
  const many = await post(
    '/repos/add',
    JSON.stringify({ dids: Array.from({ length: 150 }, (_, n) => `no${n}`) }),
  )
  expect(many.json.message).toMatch(/no99 and 50 more$/)
  expect(calls).toEqual([])
})

test.each([
  ['no JSON', 400, '{"dids":', 'application/json'],
  ['no object', 400, 'null', 'application/json'],
  ['no list', 400, '{"dids":"did:plc:x"}', 'application/json'],
  ['no dids', 400, '{}', 'application/json'],
  ['exclude that is text', 400, '{"dids":[],"exclude":"yes"}', 'application/json'],
  ['keepRows that is text', 400, '{"dids":[],"keepRows":"yes"}', 'application/json'],
  ['a form', 415, 'dids=x', 'application/x-www-form-urlencoded'],
  ['text, as a page may send it without asking', 415, '{"dids":[]}', 'text/plain'],
])('a bad body gets a JSON error: %s', async (_, status, body, type) => {
  const answer = await post('/repos/add', body, type)
  expect(answer.status).toBe(status)
  expect(answer.json).toEqual({ message: expect.any(String) })
})

test('a body that is too large is refused, however it comes', async () => {
  const large = JSON.stringify({ dids: ['x'.repeat(9 << 20)] })
  expect((await post('/repos/add', large)).status).toBe(413)
  const stream = new ReadableStream({
    pull(controller) {
      controller.enqueue(Buffer.alloc(1 << 20, 32))
    },
  })
  const chunked = await fetch(`${server.url}/repos/add`, {
    ...{ method: 'POST', body: stream, duplex: 'half' },
    headers: { 'content-type': 'application/json' },
  } as RequestInit).catch(() => null)
  // Node may see the connection end before it reads the answer.
  expect(chunked?.status ?? 413).toBe(413)
})

test('the list of repos is paged and filtered', async () => {
  const first = JSON.parse((await get('/repos?limit=2')).text)
  expect(first.repos.map((repo: { did: string }) => repo.did)).toEqual([A, B])
  expect(first.repos[0]).toEqual({
    ...{ did: A, handle: 'a.test', state: 'error', standing: 'active', pds: null, rev: '3kb3fge5lm32x' },
    ...{ error: 'no <luck>', retries: 2, retryAt: null, removal: null },
  })
  const second = JSON.parse((await get(`/repos?limit=2&cursor=${first.cursor}`)).text)
  expect(second).toEqual({ repos: [expect.objectContaining({ did: C })] })
  expect(JSON.parse((await get('/repos?state=error')).text).repos).toHaveLength(1)
  expect(JSON.parse((await get('/repos?standing=deleted')).text)).toEqual({ repos: [] })
})

test.each(['state=happy', 'limit=0', 'limit=1001', 'limit=1e2', 'cursor=-1', 'cursor=x'])(
  'a bad query is explained: %s',
  async (query) => {
    const { status, text } = await get(`/repos?${query}`)
    expect(status).toBe(400)
    expect(JSON.parse(text)).toEqual({ message: expect.any(String) })
  },
)

test('ready, status and metrics', async () => {
  expect(await get('/ready')).toMatchObject({ status: 503, text: '{"ready":false,"pending":3}\n' })
  expect(await get('/status')).toEqual(ok(`${JSON.stringify(status)}\n`))
  observer.metrics.count('lextap_probe_total', 'A probe')
  expect((await get('/metrics')).text).toContain('lextap_probe_total 1')
})

test('with a password everything asks for it, the channel too', async () => {
  const guarded = await serve({ password: 'pw' })
  const authorization = `Basic ${Buffer.from('admin:pw').toString('base64')}`
  for (const path of ['/health', '/stats/repo-count', '/metrics', '/nothing']) {
    const response = await fetch(`${guarded.url}${path}`)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="admin", charset="UTF-8"')
    expect(await response.json()).toEqual({
      error: 'Unauthorized',
      message: 'atproto admin auth required, but missing or incorrect password',
    })
  }
  expect((await fetch(`${guarded.url}/health`, { headers: { authorization } })).status).toBe(200)
  expect(await refusal(`${guarded.url}/channel`)).toMatchObject({ status: 401 })
  const socket = new WebSocket(`${guarded.url}/channel`, { headers: { authorization } })
  await once(socket, 'open')
  socket.terminate()
  await guarded.close()
})

test('the channel says why it cannot be opened', async () => {
  expect(await refusal(`${server.url}/elsewhere`)).toMatchObject({ status: 404 })
  expect(await refusal(`${server.url}/channel?emit=maybe`)).toMatchObject({ status: 400 })
  expect(await refusal(`${server.url}/channel`, { origin: 'https://evil.example' })).toMatchObject({
    status: 403,
  })
  const message = 'websocket not available in webhook mode'
  const webhook = await serve({ channel: null, noChannel: { all: message, records: message } })
  expect(await refusal(`${webhook.url}/channel`)).toEqual({
    status: 400,
    body: { message },
  })
  await webhook.close()
  const handling = await serve({ noChannel: { all: null, records: 'not delivered' } })
  expect(await refusal(`${handling.url}/channel`)).toMatchObject({ body: { message: 'not delivered' } })
  const emitted = new WebSocket(`${handling.url}/channel?emit=only`)
  await once(emitted, 'open')
  emitted.terminate()
  await handling.close()
})

test.each([
  ['no key', {}, 'Missing or invalid Sec-WebSocket-Key header'],
  ['another version', { 'sec-websocket-version': '12' }, 'Missing or invalid Sec-WebSocket-Version header'],
])('a handshake that is none gets a JSON error: %s', async (_, over, message) => {
  const key = 'sec-websocket-version' in over ? { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' } : {}
  const headers = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    ...key,
    ...over,
  }
  const answer = await rawGet('/channel', headers)
  expect(answer).toEqual({ status: 400, text: `${JSON.stringify({ message })}\n` })
})

test.each(['h2c', 'websocket'])(
  'a client that offers %s with an ordinary request gets its answer',
  async (upgrade) => {
    const answer = await rawGet('/health', { connection: 'Upgrade', upgrade })
    expect(answer).toEqual({ status: 200, text: '{"status":"ok"}\n' })
  },
)

test('an address that cannot be had is a UserError that names it', async () => {
  await expect(serve({ port: server.port })).rejects.toThrow(
    `cannot listen on 127.0.0.1:${server.port}: the port is taken; change the option server`,
  )
})

test('every interface is both families, as in Go', async () => {
  const everywhere = await serve({ host: '::', password: 'pw' })
  for (const host of ['127.0.0.1', '[::1]']) {
    if (host === '[::1]' && !hasIpv6()) continue
    expect((await fetch(`http://${host}:${everywhere.port}/health`)).status).toBe(401)
  }
  await everywhere.close()
})

const hasIpv6 = () =>
  Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))

test('metrics on a port of their own', async () => {
  const metrics = await startMetricsServer({ host: '127.0.0.1', port: 0, observer })
  expect(await (await fetch(`${metrics.url}/metrics`)).text()).toContain('lextap_probe_total')
  expect((await fetch(metrics.url)).status).toBe(404)
  await metrics.close()
  await metrics.close()
})

test.for([
  ['bytes that are no HTTP', '\x16\x03\x01 hello\r\n\r\n', 400, 'there is no such method'],
  [
    'headers that are too long',
    `GET /health HTTP/1.1\r\nx: ${'a'.repeat(20_000)}`,
    431,
    'the headers are over 16384 bytes',
  ],
  ['no host', 'GET /health HTTP/1.1\r\n\r\n', 400, 'Missing host header'],
  ['a host that is none', 'GET /health HTTP/1.1\r\nhost: a b\r\n\r\n', 400, 'Invalid URL'],
  ['a URL that is none', 'GET http:/// HTTP/1.1\r\nhost: localhost\r\n\r\n', 400, 'Invalid absolute URL'],
] as const)(
  '%s: the answer is JSON all the same, and no harm is done',
  async ([, bytes, status, message]) => {
    const socket = connect(server.port, '127.0.0.1')
    socket.write(bytes)
    const [data] = await once(socket, 'data')
    socket.destroy()
    const [head, body] = String(data).split('\r\n\r\n')
    expect(head).toContain(`HTTP/1.1 ${status} `)
    expect(JSON.parse(body ?? '')).toEqual({ message })
    expect((await get('/health')).status).toBe(200)
  },
)

async function rawGet(path: string, headers: Record<string, string>) {
  const [response] = await once(request(`${server.url}${path}`, { headers }).end(), 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode, text }
}

async function refusal(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const socket = new WebSocket(url, { headers })
  const [, response] = await once(socket, 'unexpected-response')
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode, body: JSON.parse(text) }
}
