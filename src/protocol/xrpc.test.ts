import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { redirectTarget, XrpcClient, xrpcUrl } from './xrpc.ts'
import { accountErrorOf, XrpcError } from './xrpc-error.ts'

/** Real servers on the loopback interface; nothing here is mocked. */
const servers: Server[] = []
let client: XrpcClient

beforeEach(() => {
  client = new XrpcClient({ allowPrivateHosts: true })
})
afterEach(async () => {
  await client.close()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function serve(handler: RequestListener): Promise<{ base: string; connections: () => number }> {
  let connections = 0
  const server = createServer(handler).on('connection', () => connections++)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
  }
}

const sendJson = (response: ServerResponse, value: unknown, status = 200, headers = {}) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
}

async function failure(promise: Promise<unknown>): Promise<XrpcError> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(XrpcError)
  return error as XrpcError
}

async function drain(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of body) parts.push(chunk)
  return Buffer.concat(parts)
}

const bounds = { maxBytes: 10_000_000, stallMs: 20_000 }

test('json asks for the method with its parameters', async () => {
  const { base } = await serve((request, response) => {
    sendJson(response, { url: request.url, agent: request.headers['user-agent'] })
  })
  const params = { did: 'did:plc:x', limit: 5, all: true, cid: ['a', 'b'], none: undefined, nil: null }
  const answer = await client.json<{ url: string; agent: string }>(base, 'com.example.get', params)
  expect(answer.url).toBe('/xrpc/com.example.get?did=did%3Aplc%3Ax&limit=5&all=true&cid=a&cid=b')
  expect(answer.agent).toBe('lextap')
})

test('a bare host means https, a base path is kept, credentials are not', () => {
  expect(xrpcUrl('pds.example', 'a.b.c')).toBe('https://pds.example/xrpc/a.b.c')
  expect(xrpcUrl('http://pds.example:8080/base/', 'a.b.c')).toBe('http://pds.example:8080/base/xrpc/a.b.c')
  expect(xrpcUrl('https://user:secret@pds.example', 'a.b.c')).toBe('https://pds.example/xrpc/a.b.c')
  expect(() => xrpcUrl('ftp://pds.example', 'a.b.c')).toThrow(XrpcError)
  expect(() => xrpcUrl('https://', 'a.b.c')).toThrow(XrpcError)
})

test('connections are kept and used again', async () => {
  const { base, connections } = await serve((_request, response) => sendJson(response, {}))
  for (let i = 0; i < 5; i++) await client.json(base, 'a.b.c')
  for (let i = 0; i < 5; i++) await drain((await client.stream(base, 'a.b.c', {}, bounds)).body)
  // The pool may open a second one while the first is not yet marked free.
  expect(connections()).toBeLessThanOrEqual(2)
})

test('F7: an error answer carries status, error, message and what the account is', async () => {
  const { base } = await serve((_request, response) => {
    sendJson(response, { error: 'RepoTakendown', message: 'gone' }, 400)
  })
  const error = await failure(client.json(base, 'com.atproto.sync.getRepo'))
  expect(error).toMatchObject({ status: 400, error: 'RepoTakendown', detail: 'gone', retry: false })
  expect(error.message).toContain('status=400; error=RepoTakendown; message=gone')
  expect(accountErrorOf(error)).toBe('takendown')
  expect(accountErrorOf(await failure(client.stream(base, 'x.y.z', {}, bounds)))).toBe('takendown')
})

test.each([
  [400, false],
  [401, false],
  [404, false],
  [408, true],
  [429, true],
  [500, true],
  [501, false],
  [502, true],
  [503, true],
])('F8: status %i: retry is %s', async (status, retry) => {
  const { base } = await serve((_request, response) => response.writeHead(status).end())
  expect(await failure(client.json(base, 'a.b.c'))).toMatchObject({ status, retry, error: null })
})

test('F8: 429 tells how long to wait, clamped', async () => {
  const { base } = await serve((_request, response) => {
    sendJson(response, { error: 'RateLimitExceeded' }, 429, {
      'retry-after': '999999',
      'ratelimit-limit': '100',
      'ratelimit-remaining': '0',
      'ratelimit-reset': '30',
    })
  })
  const error = await failure(client.json(base, 'a.b.c'))
  expect(error.retryAfterMs).toBe(3_600_000)
  expect(error.rateLimit).toMatchObject({ limit: 100, remaining: 0 })
  expect(accountErrorOf(error)).toBe(null)
})

test('F8: a web page is not an answer, whatever its status', async () => {
  const { base } = await serve((request, response) => {
    const status = request.url?.includes('error') ? 403 : 200
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end('<html>hello</html>')
  })
  expect(await failure(client.json(base, 'a.b.c'))).toMatchObject({ code: 'response-type', retry: true })
  expect(await failure(client.json(base, 'a.b.error'))).toMatchObject({ status: 403, error: null })
  const streamed = await failure(client.stream(base, 'a.b.c', {}, bounds))
  expect(streamed).toMatchObject({ code: 'response-type', retry: true })
})

test('a wrong content type does not matter when the body is what was asked for', async () => {
  const { base } = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('{"ok":true}')
  })
  expect(await client.json(base, 'a.b.c')).toEqual({ ok: true })
})

test('F8: an error body that never ends is cut', async () => {
  const { base } = await serve((_request, response) => {
    response.writeHead(400, { 'content-type': 'application/json' })
    const more = () => {
      while (response.write('x'.repeat(16_384)));
      response.once('drain', more)
    }
    more()
  })
  expect(await failure(client.json(base, 'a.b.c'))).toMatchObject({ status: 400, error: null })
})

test('F8: bodies past the bound are refused, declared or not', async () => {
  const { base } = await serve((request, response) => {
    if (request.url?.includes('declared')) response.setHeader('content-length', 5000)
    response.end(Buffer.alloc(5000))
  })
  const few = { maxBytes: 4999, stallMs: 20_000 }
  for (const nsid of ['a.b.declared', 'a.b.chunked']) {
    const read = client.stream(base, nsid, {}, few).then(({ body }) => drain(body))
    expect(await failure(read)).toMatchObject({ code: 'response-too-large', retry: false })
    const { body } = await client.stream(base, nsid, {}, { ...few, maxBytes: 5000 })
    expect((await drain(body)).length).toBe(5000)
  }
  const get = client.get(`${base}/declared`, { maxBytes: 10 })
  expect(await failure(get)).toMatchObject({ code: 'response-too-large' })
})

test('F8: a body that declares itself too large is not waited for', async () => {
  const { base } = await serve((request, response) => {
    response.writeHead(200, { 'content-length': 5000 }).write('only the beginning')
    request.on('close', () => response.destroy())
  })
  const few = { maxBytes: 4999, stallMs: 2 ** 30 }
  expect(await failure(client.stream(base, 'a.b.c', {}, few))).toMatchObject({ code: 'response-too-large' })
})

test.each([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['br', brotliCompressSync],
  ['GZIP', gzipSync],
  ['identity', (b: Buffer) => b],
] as const)('%s bodies are decompressed', async (encoding, compress) => {
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i) % 251))
  const { base } = await serve((request, response) => {
    expect(request.headers['accept-encoding']).toBe('gzip, br')
    response.writeHead(200, { 'content-encoding': encoding }).end(compress(bytes))
  })
  const { body } = await client.stream(base, 'a.b.c', {}, bounds)
  expect((await drain(body)).equals(bytes)).toBe(true)
})

test.each(['deflate', 'zstd', 'gzip, gzip', 'nonsense'])('encoding "%s" is refused', async (encoding) => {
  const { base } = await serve((_request, response) => {
    response.writeHead(200, { 'content-encoding': encoding }).end(deflateSync('x'))
  })
  const read = client.stream(base, 'a.b.c', {}, bounds).then(({ body }) => drain(body))
  expect(await failure(read)).toMatchObject({ code: 'response-encoding', retry: false })
})

test.each([
  ['gzip', gzipSync],
  ['br', (b: Buffer) => brotliCompressSync(b, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } })],
] as const)('F8: a %s bomb is refused before it is large', async (encoding, compress) => {
  const bomb = compress(Buffer.alloc(50_000_000))
  expect(bomb.length).toBeLessThan(250_000)
  const { base } = await serve((_request, response) => {
    response.writeHead(200, { 'content-encoding': encoding }).end(bomb)
  })
  const { body } = await client.stream(base, 'a.b.c', {}, { ...bounds, maxBytes: 1e9 })
  let seen = 0
  const read = async () => {
    for await (const chunk of body) seen += chunk.length
  }
  expect(await failure(read())).toMatchObject({ code: 'response-bomb' })
  expect(seen).toBeLessThan(1_100_000 + 100 * bomb.length)
})

test('a compressed body that is cut off or garbled is an error', async () => {
  const whole = gzipSync(Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 251)))
  const { base } = await serve((request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' })
    response.end(
      request.url?.includes('cut') ? whole.subarray(0, whole.length >> 1) : Buffer.from('not gzip'),
    )
  })
  for (const nsid of ['a.b.cut', 'a.b.garbled']) {
    const read = client.stream(base, nsid, {}, bounds).then(({ body }) => drain(body))
    expect(await failure(read)).toMatchObject({ code: 'response-encoding', retry: true })
  }
})

test('a body that ends before its length, or a connection that breaks, is an error', async () => {
  const { base } = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': 1000 })
    response.write('short', () => response.destroy())
  })
  const read = client.stream(base, 'a.b.c', {}, bounds).then(({ body }) => drain(body))
  expect(await failure(read)).toMatchObject({ code: 'network', retry: true })
  expect(await failure(client.json(base, 'a.b.c'))).toMatchObject({ code: 'network', retry: true })
})

test('F8: a body without progress is a stall', async () => {
  const { base } = await serve((_request, response) => {
    response.write('a few bytes')
  })
  const { body } = await client.stream(base, 'a.b.c', {}, { maxBytes: 1000, stallMs: 30 })
  expect(await failure(drain(body))).toMatchObject({ code: 'response-stalled', retry: true })
})

test('F8: a body that dribbles is a stall too', async () => {
  const { base } = await serve((_request, response) => {
    const timer = setInterval(() => response.write('x'), 5)
    response.on('close', () => clearInterval(timer))
  })
  const { body } = await client.stream(base, 'a.b.c', {}, { maxBytes: 1e9, stallMs: 60 })
  expect(await failure(drain(body))).toMatchObject({ code: 'response-stalled' })
})

test('F8: a head that never comes is a timeout', async () => {
  const { base } = await serve(() => {})
  const stalled = client.stream(base, 'a.b.c', {}, { maxBytes: 1000, stallMs: 20 })
  expect(await failure(stalled)).toMatchObject({ code: 'timeout', retry: true })
  await using impatient = new XrpcClient({ allowPrivateHosts: true, timeoutMs: 20 })
  expect(await failure(impatient.json(base, 'a.b.c'))).toMatchObject({ code: 'timeout', retry: true })
})

test('F8: a whole JSON answer has its time, however lively it dribbles', async () => {
  const { base } = await serve((_request, response) => {
    const timer = setInterval(() => response.write(' '.repeat(2000)), 2)
    response.on('close', () => clearInterval(timer))
  })
  await using impatient = new XrpcClient({ allowPrivateHosts: true, timeoutMs: 60 })
  expect(await failure(impatient.json(base, 'a.b.c'))).toMatchObject({ code: 'timeout' })
})

test('the time a consumer takes is no stall', async () => {
  const { base } = await serve((_request, response) => {
    response.end(Buffer.alloc(3_000_000, 1))
  })
  const { body } = await client.stream(base, 'a.b.c', {}, { maxBytes: 1e9, stallMs: 40 })
  let total = 0
  let slow = 3
  for await (const chunk of body) {
    total += chunk.length
    // Longer than the stall time, in our hands.
    if (slow-- > 0) await new Promise((resolve) => setTimeout(resolve, 60))
  }
  expect(total).toBe(3_000_000)
})

test('a consumer that does not read holds the server back', async () => {
  let written = 0
  const { base } = await serve((_request, response) => {
    const chunk = Buffer.alloc(65_536)
    const more = () => {
      do written += chunk.length
      while (response.write(chunk))
      response.once('drain', more)
    }
    more()
  })
  const { body } = await client.stream(base, 'a.b.c', {}, { maxBytes: 1e12, stallMs: 20_000 })
  const chunks = body[Symbol.asyncIterator]()
  await chunks.next()
  let before = -1
  // Settled once a whole round of the event loop brings nothing more.
  while (before !== written) {
    before = written
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(written).toBeLessThan(32 * 1024 * 1024)
  await chunks.return?.()
})

test('leaving the loop closes the connection', async () => {
  const closed = Promise.withResolvers<void>()
  const { base } = await serve((_request, response) => {
    response.on('close', () => closed.resolve())
    const more = () => {
      while (response.write(Buffer.alloc(65_536)));
      response.once('drain', more)
    }
    more()
  })
  const { body } = await client.stream(base, 'a.b.c', {}, { maxBytes: 1e12, stallMs: 20_000 })
  for await (const _ of body) break
  await closed.promise
})

test('the caller aborts with its own reason: before, while waiting and in the body', async () => {
  const asked = Promise.withResolvers<void>()
  const { base } = await serve((request, response) => {
    if (request.url?.includes('body')) response.write('begun')
    asked.resolve()
  })
  const reason = new Error('we stop')
  const aborted = AbortSignal.abort(reason)
  await expect(client.json(base, 'a.b.c', {}, { signal: aborted })).rejects.toBe(reason)

  const waiting = new AbortController()
  const answer = client.json(base, 'a.b.c', {}, { signal: waiting.signal })
  await asked.promise
  waiting.abort(reason)
  await expect(answer).rejects.toBe(reason)

  const reading = new AbortController()
  const options = { ...bounds, signal: reading.signal }
  const { body } = await client.stream(base, 'a.b.body', {}, options)
  const read = drain(body)
  reading.abort(reason)
  await expect(read).rejects.toBe(reason)
})

test('F2: redirects are followed, relative and absolute, within bounds', async () => {
  const other = await serve((request, response) => sendJson(response, { at: 'other', url: request.url }))
  let hops = 0
  const { base } = await serve((request, response) => {
    const path = request.url ?? ''
    if (path.startsWith('/xrpc/a.b.loop')) hops++
    if (path.startsWith('/xrpc/a.b.absolute'))
      response.writeHead(302, { location: `${other.base}/there?x=1` })
    else if (path.startsWith('/xrpc/a.b.relative')) response.writeHead(307, { location: '/here' })
    else if (path === '/here') return sendJson(response, { at: 'here' })
    else if (path.startsWith('/xrpc/a.b.loop')) response.writeHead(301, { location: path })
    else if (path.startsWith('/xrpc/a.b.ftp')) response.writeHead(301, { location: 'ftp://x/' })
    else if (path.startsWith('/xrpc/a.b.bad')) response.writeHead(301, { location: 'http://' })
    else response.writeHead(302)
    response.end('moved')
  })
  expect(await client.json(base, 'a.b.absolute')).toEqual({ at: 'other', url: '/there?x=1' })
  expect(await client.json(base, 'a.b.relative')).toEqual({ at: 'here' })
  expect(await failure(client.json(base, 'a.b.loop'))).toMatchObject({ code: 'bad-redirect', retry: false })
  expect(hops).toBe(6)
  expect(await failure(client.json(base, 'a.b.ftp'))).toMatchObject({ code: 'bad-url' })
  expect(await failure(client.json(base, 'a.b.bad'))).toMatchObject({ code: 'bad-url' })
  expect(await failure(client.json(base, 'a.b.nowhere'))).toMatchObject({ status: 302, retry: false })
})

test('F2: a redirect does not lead from https to http, nor carries credentials', () => {
  const from = new URL('https://a.example/x')
  expect(redirectTarget(from, '/y', false).href).toBe('https://a.example/y')
  expect(redirectTarget(from, 'https://u:p@b.example/#frag', false).href).toBe('https://b.example/')
  expect(() => redirectTarget(from, 'http://b.example/', false)).toThrow(XrpcError)
  expect(redirectTarget(from, 'http://b.example/', true).href).toBe('http://b.example/')
  expect(redirectTarget(new URL('http://a.example/'), 'http://b.example/', false).host).toBe('b.example')
})

test('F10: private addresses are refused, literal or by name', async () => {
  const { base, connections } = await serve((_request, response) => sendJson(response, {}))
  await using guarded = new XrpcClient()
  const port = new URL(base).port
  const hosts = ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '2130706433', '0x7f.1']
  for (const host of [...hosts, '127.0.0.1.', '%31%32%37.0.0.1']) {
    const error = await failure(guarded.json(`http://${host}:${port}`, 'a.b.c'))
    expect([host, error.code]).toEqual([host, 'private-address'])
    expect(error.retry).toBe(false)
  }
  expect(await failure(guarded.get('http://169.254.169.254/latest/'))).toMatchObject({
    code: 'private-address',
  })
  const streamed = await failure(guarded.stream(base, 'a.b.c', {}, bounds))
  expect(streamed.code).toBe('private-address')
  expect(connections()).toBe(0)
})

test('F10: a redirect to a private address is refused, also from a host we trust', async () => {
  const inner = await serve((_request, response) => sendJson(response, { secret: true }))
  const port = new URL(inner.base).port
  const { base } = await serve((request, response) => {
    if (request.url === '/fine') return sendJson(response, { fine: true })
    response.writeHead(302, { location: `http://localhost:${port}/` }).end()
  })
  await using trusting = new XrpcClient({ trustedHosts: ['127.0.0.1'] })
  expect((await trusting.get(`${base}/fine`)).text).toBe('{"fine":true}')
  expect(await failure(trusting.json(base, 'a.b.c'))).toMatchObject({ code: 'private-address' })
  expect(inner.connections()).toBe(0)
})

test('F10: a trusted base URL is that host and port alone', async () => {
  const other = await serve((_request, response) => sendJson(response, {}))
  const { base } = await serve((_request, response) => sendJson(response, { fine: true }))
  for (const trusted of [base, `${base}/`]) {
    await using trusting = new XrpcClient({ trustedHosts: [trusted] })
    expect(await trusting.json(base, 'a.b.c')).toEqual({ fine: true })
    expect(await failure(trusting.json(other.base, 'a.b.c'))).toMatchObject({ code: 'private-address' })
  }
  expect(other.connections()).toBe(0)
})

test('a host that is not there is a network error', async () => {
  const { base } = await serve(() => {})
  const gone = servers.pop()
  await new Promise((resolve) => gone?.close(resolve))
  expect(await failure(client.json(base, 'a.b.c'))).toMatchObject({
    code: 'network',
    status: null,
    retry: true,
  })
  expect(await failure(client.json('http://nowhere.invalid', 'a.b.c'))).toMatchObject({ code: 'network' })
})

test('close ends what is under way', async () => {
  const asked = Promise.withResolvers<void>()
  const { base } = await serve(() => asked.resolve())
  const waiting = failure(client.json(base, 'a.b.c'))
  await asked.promise
  await client.close()
  expect((await waiting).retry).toBe(true)
  await client.close()
})
