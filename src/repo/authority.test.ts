import { afterEach, expect, test } from 'vitest'
import { quietObserver } from '../../test/support/run-tap.ts'
import { XrpcClient } from '../protocol/xrpc.ts'
import { failWith, type Network, resetConnection, startNetwork } from '../testing/index.ts'
import { Authority, type AuthorityOptions } from './authority.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean()
})

async function setUp(): Promise<Network> {
  const network = await startNetwork({ seed: 'authority' })
  cleanups.push(() => network.close())
  return network
}

function authority(url: string, options: Partial<AuthorityOptions> = {}): Authority {
  const xrpc = new XrpcClient({ allowPrivateHosts: true })
  cleanups.push(() => xrpc.close())
  return new Authority({ xrpc, observer: quietObserver(), policy: 'auto', url, ...options })
}

test('G1: a relay speaks for everybody', async () => {
  const network = await setUp()
  const relay = authority(network.relay)
  expect(await relay.speaksFor('https://pds.example')).toBe(true)
  // Known by now: no question, no wait.
  expect(relay.speaksFor(null)).toBe(true)
})

test('G1: a PDS speaks for those who live there, by either of its names', async () => {
  const network = await setUp()
  const [pds] = network.pdses
  const source = authority(pds.url.replace('http', 'ws'))
  expect(await source.speaksFor(pds.url)).toBe(true)
  expect(source.speaksFor('https://elsewhere.example')).toBe(false)
  expect(source.speaksFor(null)).toBe(false)
  // The sandbox calls its server did:web:localhost.
  expect(source.speaksFor('http://localhost')).toBe(true)
  expect(source.speaksFor('http://localhost:1')).toBe(false)
})

test('G1: what the config says is not asked', async () => {
  const pds = authority('wss://pds.example', { policy: 'pds' })
  expect(pds.speaksFor('https://pds.example')).toBe(true)
  expect(pds.speaksFor('https://pds.example:8443')).toBe(false)
  expect(authority('wss://pds.example', { policy: 'relay' }).speaksFor('https://other.example')).toBe(true)
})

test('G1: a source that does not answer is taken for a relay and asked again', async () => {
  const network = await setUp()
  const fault = network.faults.add(resetConnection(), { host: 'pds1' })
  const [pds] = network.pdses
  const source = authority(pds.url, { retryMs: 0 })
  expect(await source.speaksFor('https://elsewhere.example')).toBe(true)
  fault.remove()
  expect(await source.speaksFor('https://elsewhere.example')).toBe(false)
})

test('G1: an answer that is no server’s makes it a relay', async () => {
  const network = await setUp()
  network.faults.add(failWith(401, 'AuthMissing'), { host: 'pds1' })
  const source = authority(network.pdses[0].url)
  expect(await source.speaksFor('https://elsewhere.example')).toBe(true)
  expect(source.speaksFor('https://elsewhere.example')).toBe(true)
})
