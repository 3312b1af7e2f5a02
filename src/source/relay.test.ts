import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { listener } from '../../test/support/observer.ts'
import { UserError } from '../errors.ts'
import { Metrics } from '../observe/metrics.ts'
import { Relay, type RelayOptions } from './relay.ts'

const observer = { log: pino({ level: 'silent' }), metrics: new Metrics() }
const open: Server[] = []
/** Upgraded connections, which a server forgets about. */
const raw: Socket[] = []

afterEach(async () => {
  for (const server of open.splice(0)) {
    for (const socket of raw.splice(0)) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** A relay that treats its nth connection by `script[n]` (the last one for all that follow). */
async function relayWith(script: ((socket: WebSocket, cursor: string | null) => void)[]) {
  const server = createServer()
  server.on('connection', (socket) => raw.push(socket))
  const sockets = new WebSocketServer({ server })
  let connections = 0
  const cursors: (string | null)[] = []
  sockets.on('connection', (socket, request) => {
    const cursor = new URL(request.url ?? '', 'ws://x').searchParams.get('cursor')
    cursors.push(cursor)
    script[Math.min(connections++, script.length - 1)]?.(socket, cursor)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(server)
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, cursors }
}

const fast = { first: 5, longest: 20 }
const make = (url: string, more: Partial<RelayOptions> = {}) =>
  new Relay({ url, cursor: () => null, observer, backoffMs: fast, ...more })

async function take(relay: Relay, count: number): Promise<{ texts: string[]; firsts: boolean[] }> {
  const stop = new AbortController()
  const texts: string[] = []
  const firsts: boolean[] = []
  for await (const { frames, first } of relay.batches(stop.signal)) {
    for (const frame of frames) texts.push(Buffer.from(frame).toString())
    firsts.push(first)
    if (texts.length >= count) stop.abort()
  }
  return { texts, firsts }
}

test('A7: a new connection resumes after the cursor and says that it is new', async () => {
  let seen = 0
  const { url, cursors } = await relayWith([
    (socket) => {
      socket.send(Buffer.from('one'), () => socket.close())
    },
    (socket) => socket.send(Buffer.from('two')),
  ])
  const relay = make(url, { cursor: () => (seen++ === 0 ? null : 17) })
  const { texts, firsts } = await take(relay, 2)
  expect(texts).toEqual(['one', 'two'])
  expect(firsts).toEqual([true, true])
  expect(cursors).toEqual([null, '17'])
})

test('A1: a text frame ends the connection and a new one follows', async () => {
  const { url } = await relayWith([
    (socket) => socket.send('hello'),
    (socket) => socket.send(Buffer.from('fine')),
  ])
  const metrics = new Metrics()
  const relay = make(url, { observer: { ...observer, metrics } })
  expect((await take(relay, 1)).texts).toEqual(['fine'])
  expect(await metrics.values('lextap_stream_broken_total')).toEqual([{ labels: { rule: 'A1' }, value: 1 }])
})

test('A9: a frame over 5 MB ends the connection', async () => {
  const { url, cursors } = await relayWith([
    (socket) => socket.send(Buffer.alloc(5_000_001)),
    (socket) => socket.send(Buffer.from('small')),
  ])
  const metrics = new Metrics()
  const relay = make(url, { observer: { ...observer, metrics } })
  expect((await take(relay, 1)).texts).toEqual(['small'])
  expect(await metrics.values('lextap_stream_broken_total')).toEqual([{ labels: { rule: 'A9' }, value: 1 }])
  expect(cursors.length).toBe(2)
})

test.each([405, 426, 501])('A10: HTTP %i is not retried and tells which option to check', async (status) => {
  let requests = 0
  const server = createServer()
  server.on('upgrade', (_request, socket) => {
    requests++
    socket.end(`HTTP/1.1 ${status} No\r\n\r\n`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(server)
  const relay = make(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await expect(take(relay, 1)).rejects.toThrow(UserError)
  expect(requests).toBe(1)
})

test('A10: HTTP 503 and a refused connection are retried', async () => {
  let requests = 0
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (requests++ < 3) socket.end('HTTP/1.1 503 Busy\r\n\r\n')
    else sockets.handleUpgrade(request, socket, head, (ws) => ws.send(Buffer.from('at last')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(server)
  const relay = make(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  expect((await take(relay, 1)).texts).toEqual(['at last'])
})

test.each([
  ['seconds', () => 'Retry-After: 60'],
  ['a date', () => `Retry-After: ${new Date(Date.now() + 60_000).toUTCString()}`],
  ['a budget', () => `RateLimit-Remaining: 0\r\nRateLimit-Reset: ${Math.ceil(Date.now() / 1000) + 60}`],
])('A10: HTTP 429 is waited out as %s says, within bounds', async (_how, headers) => {
  let requests = 0
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (requests++ === 0) socket.end(`HTTP/1.1 429 Too Many Requests\r\n${headers()}\r\n\r\n`)
    else sockets.handleUpgrade(request, socket, head, (ws) => ws.send(Buffer.from('at last')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(server)
  const heard = listener()
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect((await take(make(url, { observer: heard }), 1)).texts).toEqual(['at last'])
  // A minute, at most ten times the longest wait of our own.
  expect(heard.lines.map(({ waitMs }) => waitMs)).toContain(10 * fast.longest)
})

test('A12: a connection without a sign of life is ended', async () => {
  const { url } = await relayWith([
    // A peer that reads nothing answers no ping either.
    (socket) => (socket as unknown as { _socket: { pause(): void } })._socket.pause(),
    (socket) => socket.send(Buffer.from('alive')),
  ])
  expect((await take(make(url, { idleMs: 100 }), 1)).texts).toEqual(['alive'])
})

test('P7: not pulling pauses the socket, so that the sender cannot run ahead', async () => {
  let sent = 0
  const { url } = await relayWith([
    (socket) => {
      const chunk = Buffer.alloc(100_000)
      const more = () => {
        if (sent < 2000 && socket.readyState === socket.OPEN) {
          sent++
          socket.send(chunk, more)
        }
      }
      more()
    },
  ])
  const relay = make(url, { highWater: 10 })
  const stop = new AbortController()
  const batches = relay.batches(stop.signal)
  await batches.next()
  // Not pulled: what was sent settles at what the kernel buffers hold, far from all of it.
  let before = -1
  while (before !== sent) {
    before = sent
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  expect(sent).toBeLessThan(2000)
  let read = 0
  for (let next = await batches.next(); read < 1000; next = await batches.next())
    read += next.value?.frames.length ?? 0
  expect(sent).toBeGreaterThan(before)
  stop.abort()
  await batches.return(undefined)
})

test('an abort ends the stream while it waits to connect', async () => {
  const relay = make('ws://127.0.0.1:1', { backoffMs: { first: 60_000, longest: 60_000 } })
  const stop = new AbortController()
  const batches = relay.batches(stop.signal)
  const next = batches.next()
  setImmediate(() => stop.abort())
  expect(await next).toEqual({ done: true, value: undefined })
})
