import { afterAll, beforeAll, expect, test } from 'vitest'
import { subscribe } from '../../test/support/subscriber.ts'
import { decodeFrame } from '../protocol/frame.ts'
import type { Fault } from './faults.ts'
import * as frames from './frame-faults.ts'
import * as http from './http-faults.ts'
import { type Network, startNetwork } from './network.ts'

let network: Network
beforeAll(async () => {
  network = await startNetwork({ seed: 'faults' })
})
afterAll(() => network.close())

const LIST = 'com.atproto.sync.listRepos'
const list = (init?: RequestInit) => fetch(`${network.relayHttp}/xrpc/${LIST}`, init)
const STATUS = 'xyz.statusphere.status'

test('a fault strikes where and as often as it was told, counts, and can be waited for', async () => {
  const fault = network.faults.add(http.failWith(503), { host: 'relay', route: LIST, after: 1, times: 2 })
  const hit = fault.hit(2)
  expect((await fetch(`${network.pdses[0].url}/xrpc/${LIST}`)).status).toBe(200)
  const statuses: number[] = []
  for (let i = 0; i < 4; i++) statuses.push((await list()).status)
  expect(statuses).toEqual([200, 503, 503, 200])
  await hit
  expect(fault.hits).toBe(2)
  expect(network.faults.hits.get('http-503')).toBe(2)
  fault.remove()
})

test('a fault of one host or account leaves the others alone, and `chance` follows from the seed', async () => {
  const count = async () => {
    await using other = await startNetwork({ seed: 'chance' })
    other.faults.add(http.htmlPage(), { chance: 0.5, host: 'plc' })
    let struck = ''
    for (let i = 0; i < 20; i++) {
      struck += (await fetch(`${other.plc}/_health`)).headers.get('content-type')?.startsWith('text/html')
        ? 'x'
        : '.'
    }
    return struck
  }
  const first = await count()
  expect(first).toBe(await count())
  expect(new Set(first)).toEqual(new Set(['x', '.']))
})

test('F8: the HTTP faults look as they do in the wild', async () => {
  const soon = () => AbortSignal.timeout(150)
  const during = async <T>(fault: Fault, act: () => Promise<T>): Promise<T> => {
    using _ = network.faults.add(fault)
    return await act()
  }
  const limited = await during(http.rateLimit({ headers: 'ratelimit', seconds: 30 }), () => list())
  expect(limited.status).toBe(429)
  expect(Number(limited.headers.get('ratelimit-reset')) * 1000).toBeGreaterThan(Date.now())
  expect(
    (await during(http.rateLimit({ headers: 'retry-after', seconds: 7 }), () => list())).headers.get(
      'retry-after',
    ),
  ).toBe('7')
  expect(await (await during(http.htmlPage(), () => list())).text()).toContain('<html>')
  await expect(during(http.resetConnection(), () => list())).rejects.toThrow()
  await expect(during(http.resetConnection(3), async () => (await list()).text())).rejects.toThrow()
  await expect(during(http.stall(), () => list({ signal: soon() }))).rejects.toThrow('timeout')
  await expect(
    during(http.stallBody(5), async () => (await list({ signal: soon() })).text()),
  ).rejects.toThrow('timeout')
  await expect(during(http.redirect(), () => list())).rejects.toThrow()
  const away = await during(http.redirect('http://169.254.169.254/latest/meta-data/'), () =>
    list({ redirect: 'manual' }),
  )
  expect([away.status, away.headers.get('location')]).toEqual([
    302,
    'http://169.254.169.254/latest/meta-data/',
  ])
  expect((await during(http.truncateBody(4), async () => (await list()).text())).length).toBe(4)
  expect(
    await during(http.slowDrip({ bytes: 8, everyMs: 1 }), async () => (await list()).json()),
  ).toHaveProperty('repos')
  const bomb = await during(http.gzipBomb(1 << 26), async () => (await list()).arrayBuffer())
  expect(bomb.byteLength).toBe(1 << 26)
  await during(http.endlessBody(), async () => {
    let bytes = 0
    for await (const chunk of (await list()).body ?? []) {
      bytes += chunk.length
      if (bytes > 1_000_000) break
    }
    expect(bytes).toBeGreaterThan(1_000_000)
  })
  const rewritten = http.rewriteJson('no-repos', (body: object) => ({ ...body, repos: [] }))
  expect(await during(rewritten, async () => (await list()).json())).toMatchObject({ repos: [] })
})

test('A10: a handshake can be refused, reset and redirected like any request', async () => {
  using limited = network.faults.add(http.rateLimit({ headers: 'retry-after' }), { times: 1 })
  using refused = subscribe(network.relay)
  await refused.closed
  expect(refused.status).toBe(429)
  expect(limited.hits).toBe(1)
  using _ = network.faults.add(http.resetConnection(), { times: 1 })
  using broken = subscribe(network.relay)
  await broken.closed
  expect(broken.status).toBe(null)
})

/** What a subscriber hears of four commits while the fault is on. */
async function heard(fault: Fault, messages: number): Promise<string[]> {
  const repo = network.createRepo({ announce: false, records: 2, collections: [STATUS] })
  await network.relayIdle()
  const base = network.relayStream.seq
  using subscriber = subscribe(network.relay)
  await network.waitForSubscribers(1)
  using _ = network.faults.add(fault, { did: repo.did })
  for (let i = 0; i < 4; i++) repo.create(STATUS, network.records.record(STATUS))
  await subscriber.first(messages).catch(() => {})
  if (messages < 4) await network.relayIdle()
  const out = subscriber.messages.map(({ data, binary }) => {
    if (!binary) return 'text'
    if (data.length > 5_000_000) return 'big'
    try {
      const message = decodeFrame(data)
      if (message.kind === 'error') return message.error
      return 'seq' in message && message.seq !== null ? String(message.seq - base) : message.kind
    } catch (error) {
      return error instanceof Error && 'rule' in error ? String(error.rule) : 'crash'
    }
  })
  subscriber.socket.terminate()
  await network.waitForSubscribers(0)
  return out
}

test('A1–A9: the frame faults are what they say', async () => {
  expect(await heard(frames.duplicateFrames(), 8)).toEqual(['1', '1', '2', '2', '3', '3', '4', '4'])
  expect(await heard(frames.reorderFrames(), 4)).toEqual(['2', '1', '4', '3'])
  expect(await heard(frames.unknownFrames(), 8)).toEqual([
    'unknown',
    '1',
    'unknown',
    '2',
    'unknown',
    '3',
    'unknown',
    '4',
  ])
  expect(await heard(frames.infoFrames('OutdatedCursor'), 2)).toContain('info')
  expect(await heard(frames.truncateFrames(), 4)).toEqual(['A1', 'A1', 'A1', 'A1'])
  expect(await heard(frames.lengthenFrames(), 4)).toEqual(['A1', 'A1', 'A1', 'A1'])
  expect(await heard(frames.garbageFrames(), 4)).toEqual(['A1', 'A1', 'A1', 'A1'])
  expect(await heard(frames.textFrames(), 4)).toEqual(['text', 'text', 'text', 'text'])
  expect(await heard(frames.oversizedFrames(), 4)).toEqual(['big', 'big', 'big', 'big'])
  expect(
    await heard(
      frames.renumberFrames((seq) => (seq % 2 === 0 ? 0 : seq)),
      4,
    ),
  ).toContain('A5')
  expect(await heard(frames.errorFrames('ConsumerTooSlow'), 2)).toEqual(['ConsumerTooSlow'])
  expect(await heard(frames.hangUp(), 1)).toEqual([])
  expect(await heard(frames.flipFrameBits(), 4)).toHaveLength(4)
})

function seqOf(frame: Uint8Array): number {
  const message = decodeFrame(frame)
  return 'seq' in message && message.seq !== null ? message.seq : Number.NaN
}

test('dropped frames leave a gap in the sequence', async () => {
  const repo = network.createRepo({ announce: false })
  using subscriber = subscribe(network.relay)
  await network.waitForSubscribers(1)
  const base = network.relayStream.seq
  using dropped = network.faults.add(frames.dropFrames('commit'), { times: 2, after: 1 })
  for (let i = 0; i < 4; i++) repo.create(STATUS, network.records.record(STATUS))
  const got = await subscriber.first(2)
  expect(got.map((frame) => seqOf(frame) - base)).toEqual([1, 4])
  expect(dropped.hits).toBe(2)
})
