import { verifyRepoCar } from '@atproto/repo'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { bulkCar } from './bulk-car.ts'
import { type RealNetwork, startRealNetwork } from './real-network.ts'

let network: RealNetwork
beforeAll(async () => {
  network = await startRealNetwork({ pdses: 2 })
})
afterAll(() => network.close())

const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ status: text, createdAt: '2026-01-01T00:00:00.000Z' })

async function signingKey(did: string): Promise<string> {
  const data = (await (await fetch(`${network.plc}/${did}/data`)).json()) as {
    verificationMethods: { atproto: string }
  }
  return data.verificationMethods.atproto
}

test('an account of the real PDS gets a repo that verifies, in the tables and over the wire', async () => {
  const alice = await network.createAccount('alice')
  const first = await alice.create(STATUS, status('🦋'))
  await alice.put(STATUS, first.rkey, status('💙'))
  const second = await alice.create(STATUS, status('😭'))
  await alice.delete(STATUS, second.rkey)
  expect(await network.resolveHandle('alice.test')).toBe(alice.did)
  const truth = await alice.records()
  expect([...truth.keys()]).toEqual([first.uri])
  const verified = await verifyRepoCar(await alice.car(), alice.did, await signingKey(alice.did))
  expect(verified.creates.map(({ cid }) => cid.toString())).toEqual([...truth.values()].map(({ cid }) => cid))
})

test('a large repo is imported in one call', async () => {
  const dave = await network.createAccount('dave')
  await dave.importRepo(bulkCar(dave.did, 2000))
  await expect(verifyRepoCar(await dave.car(), dave.did, await signingKey(dave.did))).rejects.toThrow(
    'signature',
  )
  await dave.resign()
  const truth = await dave.records()
  expect(truth.size).toBeGreaterThan(1900)
  const verified = await verifyRepoCar(await dave.car(), dave.did, await signingKey(dave.did))
  expect(verified.creates.length).toBe(truth.size)
})

test('subscribeRepos of the real PDS replays and follows', async () => {
  const socket = new WebSocket(`${network.pdses[0].ws}/xrpc/com.atproto.sync.subscribeRepos?cursor=0`)
  const frames: Buffer[] = []
  const heard = new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', (data: Buffer) => {
      frames.push(data)
      if (data.includes('bob.test')) resolve()
    })
  })
  await network.createAccount('bob')
  await heard
  socket.terminate()
  expect(frames.length).toBeGreaterThan(5)
})

test('a rotated key, a pause, a takedown, a new handle, a move and a deletion all reach the directory and the host', async () => {
  const [home, away] = network.pdses
  const carol = await network.createAccount('carol')
  await carol.create(STATUS, status('🙃'))
  const before = await signingKey(carol.did)
  const key = await carol.rotateSigningKey()
  expect(await signingKey(carol.did)).toBe(key)
  expect(key).not.toBe(before)
  await verifyRepoCar(await carol.car(), carol.did, key)

  await carol.deactivate()
  const statusOf = async (pds = carol.pds) =>
    (await pds.agent().com.atproto.sync.getRepoStatus({ did: carol.did })).data
  expect(await statusOf()).toMatchObject({ active: false, status: 'deactivated' })
  await carol.activate()
  await carol.takedown()
  expect(await statusOf()).toMatchObject({ active: false, status: 'takendown' })
  await carol.takedown(false)
  await carol.updateHandle('caroline.test')
  expect(await network.resolveHandle('caroline.test')).toBe(carol.did)

  const truth = await carol.records()
  await carol.moveTo(away as typeof home)
  expect(await carol.records()).toEqual(truth)
  expect(await statusOf(home)).toMatchObject({ active: false, status: 'deactivated' })
  await carol.create(STATUS, status('🫡'))
  await verifyRepoCar(await carol.car(), carol.did, await signingKey(carol.did))

  await carol.remove()
  await expect(statusOf()).rejects.toThrow()
  expect([...(await network.truth()).keys()].some((uri) => uri.includes(carol.did))).toBe(false)
})
