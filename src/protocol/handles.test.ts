import { createSocket } from 'node:dgram'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHandleResolver, dnsTxt, type TxtLookup } from './handles.ts'
import { XrpcClient } from './xrpc.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const other = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const answers = new Map<string, { status: number; body: string }>()
let server: Server
let base: string
let xrpc: XrpcClient

beforeAll(async () => {
  server = createServer((request, response) => {
    const [, handle = '', ...path] = (request.url ?? '').split('/')
    const answer = path.join('/') === '.well-known/atproto-did' ? answers.get(handle) : undefined
    response.writeHead(answer?.status ?? 404, { 'content-type': 'text/plain' }).end(answer?.body ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  xrpc = new XrpcClient({ allowPrivateHosts: true })
})
afterAll(async () => {
  await xrpc.close()
  await new Promise((resolve) => server.close(resolve))
})

const none: TxtLookup = async () => []
const down: TxtLookup = async () => {
  throw Object.assign(new Error('queryTxt ETIMEOUT'), { code: 'ETIMEOUT' })
}
const says =
  (...records: string[]): TxtLookup =>
  async () =>
    records
const resolverOf = (txt: TxtLookup) =>
  createHandleResolver({ xrpc, txt, wellKnown: (handle) => `${base}/${handle}` })
const at = (handle: string, status: number, body: string) => answers.set(handle, { status, body })

test('D3: a handle is proven by its TXT record', async () => {
  const asked: string[] = []
  const txt: TxtLookup = async (name) => {
    asked.push(name)
    return ['v=spf1', `did=${did}`]
  }
  expect(await resolverOf(txt).resolve('dns.example.com')).toBe(did)
  expect(asked).toEqual(['_atproto.dns.example.com'])
})

test('D3: several TXT records that differ are no proof', async () => {
  expect(await resolverOf(says(`did=${did}`, `did=${other}`)).resolve('two.example.com')).toBe(null)
  expect(await resolverOf(says(`did=${did}`, `did=${did}`)).resolve('two.example.com')).toBe(did)
  expect(await resolverOf(says('did=nonsense')).resolve('odd.example.com')).toBe(null)
})

test('D3: a handle is proven by its well-known file', async () => {
  at('web.example.com', 200, `${did}\n`)
  expect(await resolverOf(none).resolve('web.example.com')).toBe(did)
  // also while DNS is out of reach
  expect(await resolverOf(down).resolve('web.example.com')).toBe(did)
})

test('D3: where both ways answer, DNS wins', async () => {
  at('both.example.com', 200, other)
  expect(await resolverOf(says(`did=${did}`)).resolve('both.example.com')).toBe(did)
})

test('a web page, a large file or no file prove nothing', async () => {
  at('page.example.com', 200, '<html>hello</html>')
  at('large.example.com', 200, did.repeat(1000))
  for (const handle of ['page.example.com', 'large.example.com', 'none.example.com']) {
    expect(await resolverOf(none).resolve(handle)).toBe(null)
  }
})

test('when one way is out of reach and the other says no, the answer is unknown', async () => {
  at('broken.example.com', 503, 'later')
  await expect(resolverOf(none).resolve('broken.example.com')).rejects.toMatchObject({ status: 503 })
  await expect(resolverOf(down).resolve('none.example.com')).rejects.toMatchObject({ code: 'ETIMEOUT' })
})

test('names that cannot be handles are not looked up', async () => {
  const never: TxtLookup = async (name) => {
    throw new Error(`asked for ${name}`)
  }
  for (const handle of [
    'handle.invalid',
    'x.localhost',
    'x.local',
    'x.onion',
    'not_a_handle',
    'single',
    '',
  ]) {
    expect(await resolverOf(never).resolve(handle)).toBe(null)
  }
})

test('F10: the well-known file of a private host is not asked for', async () => {
  await using guarded = new XrpcClient()
  const resolver = createHandleResolver({ xrpc: guarded, txt: none, wellKnown: () => base })
  expect(await resolver.resolve('inner.example.com')).toBe(null)
})

test('the caller may leave', async () => {
  const reason = new Error('enough')
  const signal = AbortSignal.abort(reason)
  await expect(resolverOf(says(`did=${did}`)).resolve('dns.example.com', signal)).rejects.toBe(reason)
})

/** Answers TXT questions from a table: enough of DNS for one question and its answer. */
async function dnsServer(records: Record<string, string[][]>): Promise<{ address: string; close(): void }> {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const labels: string[] = []
    let i = 12
    for (; query[i] !== 0; i += (query[i] ?? 0) + 1) {
      labels.push(query.toString('latin1', i + 1, i + 1 + (query[i] ?? 0)))
    }
    const question = query.subarray(12, i + 5)
    const found = records[labels.join('.')]
    const rows = (found ?? []).map((chunks) => {
      const data = Buffer.concat(chunks.map((c) => Buffer.concat([Buffer.of(c.length), Buffer.from(c)])))
      const head = Buffer.from('c00c00100001000000000000', 'hex')
      head.writeUInt16BE(data.length, 10)
      return Buffer.concat([head, data])
    })
    const header = Buffer.from(query.subarray(0, 12))
    header.writeUInt16BE(found === undefined ? 0x8183 : 0x8180, 2)
    header.writeUInt16BE(rows.length, 6)
    header.writeUInt32BE(0, 8)
    socket.send(Buffer.concat([header, question, ...rows]), from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return { address: `127.0.0.1:${socket.address().port}`, close: () => socket.close() }
}

test('TXT records come from real DNS: split ones are joined, none is none', async () => {
  const dns = await dnsServer({
    '_atproto.real.example.com': [['v=other'], ['did=did:plc:', 'ewvi7nxzyoun6zhxrhs64oiz']],
    '_atproto.empty.example.com': [],
  })
  try {
    const txt = dnsTxt([dns.address])
    expect(await txt('_atproto.real.example.com')).toEqual(['v=other', `did=${did}`])
    expect(await txt('_atproto.empty.example.com')).toEqual([])
    expect(await txt('_atproto.missing.example.com')).toEqual([])
    expect(await resolverOf(txt).resolve('real.example.com')).toBe(did)
  } finally {
    dns.close()
  }
})
