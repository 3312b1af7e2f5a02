import { request } from 'node:http'
import { AtpAgent } from '@atproto/api'
import { verifyRepoCar } from '@atproto/repo'
import { expect, test } from 'vitest'
import { subscribe } from '../../test/support/subscriber.ts'
import { decodeFrame } from '../protocol/frame.ts'
import { cidText } from './ids.ts'
import { type Network, startNetwork } from './network.ts'

const STATUS = 'xyz.statusphere.status'
const agentOf = (service: string) => new AtpAgent({ service })
const seqs = (frames: readonly Uint8Array[]) =>
  frames.map((frame) => {
    const message = decodeFrame(frame)
    return 'seq' in message ? message.seq : message.kind
  })
const status = (network: Network) => network.records.record(STATUS)

test('the same seed gives the same network, byte for byte', async () => {
  const build = async () => {
    await using network = await startNetwork({ seed: 'twice', pdses: 2 })
    const capture = network.capture()
    for (let i = 0; i < 4; i++) network.createRepo({ curve: i % 2 === 0 ? 'k256' : 'p256', records: i * 10 })
    const [repo] = network.repos
    repo?.create(STATUS, status(network))
    repo?.rotateKey({ curve: 'p256' })
    return { frames: capture.bytes(), truth: [...network.truth()], dids: network.repos.map(({ did }) => did) }
  }
  const [one, two] = [await build(), await build()]
  expect(one.dids).toEqual(two.dids)
  expect(one.truth).toEqual(two.truth)
  expect(Buffer.compare(one.frames, two.frames)).toBe(0)
})

test('a PDS answers the calls of @atproto/api', async () => {
  await using network = await startNetwork({ seed: 'pds' })
  const [pds] = network.pdses
  const repo = network.createRepo({ handle: 'alice.test', records: 120, collections: [STATUS] })
  network.createRepo({ records: 3, collections: ['app.bsky.graph.follow'] })
  const { sync, repo: records, identity } = agentOf(pds.url).com.atproto
  const { did } = repo

  const car = await sync.getRepo({ did })
  const verified = await verifyRepoCar(car.data, did, repo.key.didKey)
  expect(verified.creates.length).toBe(120)
  expect((await sync.getLatestCommit({ did })).data).toEqual({ cid: cidText(repo.head), rev: repo.rev })
  expect((await sync.getRepoStatus({ did })).data).toEqual({ did, active: true, rev: repo.rev })
  expect((await sync.listRepos()).data.repos.map((r) => r.did)).toEqual(network.repos.map((r) => r.did))
  expect((await identity.resolveHandle({ handle: 'alice.test' })).data.did).toBe(did)
  expect(await getAs('alice.test', pds.url)).toBe(did)

  const listed: unknown[] = []
  let cursor: string | undefined
  do {
    const { data } = await records.listRecords({
      repo: did,
      collection: STATUS,
      limit: 50,
      ...(cursor ? { cursor } : {}),
    })
    listed.push(...data.records.map(({ uri, cid, value }) => [uri, { cid, record: value }]))
    cursor = data.cursor
  } while (cursor !== undefined)
  expect(listed.reverse()).toEqual([...network.truth([STATUS])])
  const [first] = repo.records()
  const rkey = first?.path.split('/')[1] ?? ''
  const one = await records.getRecord({ repo: 'alice.test', collection: STATUS, rkey })
  expect(one.data).toEqual({ uri: `at://${did}/${first?.path}`, cid: first?.cid, value: first?.record })
  await expect(records.getRecord({ repo: did, collection: STATUS, rkey: 'none' })).rejects.toThrow(
    'Could not locate',
  )
})

/** `fetch` does not let us choose the Host header. */
async function getAs(host: string, url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const ask = request(`${url}/.well-known/atproto-did`, { headers: { host } }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve(text))
    })
    ask.on('error', reject)
    ask.end()
  })
}

test('the directory gives out documents, 404 and 410; a did:web gives out its own', async () => {
  await using network = await startNetwork({ seed: 'plc' })
  const repo = network.createRepo({ handle: 'alice.test' })
  const document = async (did: string) => {
    const response = await fetch(`${network.plc}/${did}`)
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  expect(await document(repo.did)).toMatchObject({
    status: 200,
    body: {
      id: repo.did,
      alsoKnownAs: ['at://alice.test'],
      verificationMethod: [{ publicKeyMultibase: repo.key.didKey.slice(8) }],
      service: [{ serviceEndpoint: network.pdses[0].url }],
    },
  })
  expect((await document('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')).status).toBe(404)
  repo.remove({ tombstone: true })
  expect((await document(repo.did)).status).toBe(410)

  const web = await network.createWebRepo({ records: 2 })
  const port = decodeURIComponent(web.did).split(':').at(-1)
  expect(await (await fetch(`http://localhost:${port}/.well-known/did.json`)).json()).toMatchObject({
    id: web.did,
  })
})

test('account states are told by every route, in the words of the reference hosts', async () => {
  await using network = await startNetwork({ seed: 'states', pdses: 2 })
  const [home, away] = network.pdses
  if (away === undefined) throw new Error('one PDS only')
  const repo = network.createRepo({ pds: home, records: 5, collections: [STATUS] })
  const { did } = repo
  const { sync } = agentOf(home.url).com.atproto
  for (const [state, error] of [
    ['deactivated', 'RepoDeactivated'],
    ['suspended', 'RepoSuspended'],
    ['takendown', 'RepoTakendown'],
  ] as const) {
    repo.setStatus(state)
    await expect(sync.getRepo({ did })).rejects.toMatchObject({ status: 400, error })
    expect((await sync.getRepoStatus({ did })).data).toEqual({ did, active: false, status: state })
    expect((await sync.listRepos()).data.repos[0]).toMatchObject({ active: false, status: state })
    expect(() => repo.create(STATUS, status(network))).toThrow(state)
  }
  repo.setStatus('active')
  repo.moveTo(away)
  await expect(sync.getRepo({ did })).rejects.toMatchObject({ error: 'RepoDeactivated' })
  await verifyRepoCar((await agentOf(away.url).com.atproto.sync.getRepo({ did })).data, did, repo.key.didKey)
  expect(network.truth().size).toBe(5)
  repo.remove()
  await expect(agentOf(away.url).com.atproto.sync.getRepo({ did })).rejects.toMatchObject({
    error: 'RepoNotFound',
  })
  expect(network.truth().size).toBe(0)
})

test('the relay lists in pages and sends readers of repos on to the PDS', async () => {
  await using network = await startNetwork({ seed: 'relay', pdses: 2 })
  for (let i = 0; i < 7; i++) {
    network.createRepo({ records: 3, collections: [i % 2 === 0 ? STATUS : 'app.bsky.feed.like'] })
  }
  const { sync } = agentOf(network.relayHttp).com.atproto
  const all: string[] = []
  let cursor: string | undefined
  do {
    const { data } = await sync.listRepos({ limit: 3, ...(cursor ? { cursor } : {}) })
    all.push(...data.repos.map((r) => r.did))
    cursor = data.cursor
  } while (cursor !== undefined)
  expect(all).toEqual(network.repos.map((r) => r.did))
  const some = await sync.listReposByCollection({ collection: STATUS })
  expect(some.data.repos.map((r) => r.did)).toEqual(all.filter((_, i) => i % 2 === 0))
  const [repo] = network.repos
  if (repo === undefined) throw new Error('no repo')
  await verifyRepoCar((await sync.getRepo({ did: repo.did })).data, repo.did, repo.key.didKey)
})

test('subscribers follow, come back by cursor, and are told of gaps and of futures', async () => {
  await using network = await startNetwork({ seed: 'stream', retain: 5 })
  using live = subscribe(network.relay)
  await network.waitForSubscribers(1)
  const repo = network.createRepo()
  repo.create(STATUS, status(network))
  expect(seqs(await live.first(5))).toEqual([1, 2, 3, 4, 5])
  expect(live.frames.map((frame) => decodeFrame(frame).kind)).toEqual([
    'identity',
    'account',
    'commit',
    'sync',
    'commit',
  ])
  using resumed = subscribe(network.relay, 3)
  expect(seqs(await resumed.first(2))).toEqual([4, 5])
  for (let i = 0; i < 4; i++) repo.create(STATUS, status(network))
  using late = subscribe(network.relay, 1)
  expect(seqs(await late.first(6))).toEqual(['info', 5, 6, 7, 8, 9])
  using early = subscribe(network.relay, 10)
  expect(decodeFrame((await early.first(1))[0] as Uint8Array)).toMatchObject({
    kind: 'error',
    error: 'FutureCursor',
  })
  await early.closed
  await network.relayIdle()
  network.restartRelay({ firstSeq: 1000 })
  await live.closed
  repo.create(STATUS, status(network))
  using after = subscribe(network.relay, 9)
  expect(seqs(await after.first(2))).toEqual(['info', 1000])
})

test('a subscriber that falls out of the window is told ConsumerTooSlow', async () => {
  await using network = await startNetwork({ seed: 'slow', retain: 50, highWater: 10_000 })
  using slow = subscribe(network.relay)
  await network.waitForSubscribers(1)
  slow.socket.pause()
  const repo = network.createRepo()
  const post = { $type: 'app.bsky.feed.post', text: 'x'.repeat(200_000), createdAt: network.now() }
  for (let i = 0; i < 200; i++) repo.create('app.bsky.feed.post', post)
  slow.socket.resume()
  await slow.closed
  expect(decodeFrame(slow.frames.at(-1) as Uint8Array)).toMatchObject({
    kind: 'error',
    error: 'ConsumerTooSlow',
  })
})

test('a host can be stopped and comes back on its port; waiting readers see the connection break', async () => {
  await using network = await startNetwork({ seed: 'down' })
  const [pds] = network.pdses
  using reader = subscribe(pds.url.replace('http', 'ws'))
  await pds.stream.waitForSubscribers(1)
  await network.host('pds1').stop()
  await reader.closed
  await expect(fetch(`${pds.url}/_health`)).rejects.toThrow()
  await network.host('pds1').start()
  expect((await fetch(`${pds.url}/_health`)).status).toBe(200)
})

test('captured frames are written as length and frame', async () => {
  await using network = await startNetwork({ seed: 'capture' })
  const capture = network.capture()
  network.createRepo()
  capture.stop()
  network.createRepo()
  const bytes = Buffer.from(capture.bytes())
  const read: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    read.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  expect(seqs(read)).toEqual([1, 2, 3, 4])
})
