import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fromBase58Btc, toBase58Btc } from '@atcute/multibase'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { HandleResolver } from './handles.ts'
import {
  createIdentityResolver,
  type Identity,
  IdentityError,
  type IdentityResolver,
  type IdentityResolverOptions,
  workingIdentity,
} from './identity.ts'
import { XrpcClient } from './xrpc.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const keys = [
  'zQ3shunBKsXixLxKtC5qeSG9E4J5RkGN57im31pcTzbNQnm5w',
  'zDnaembgSGUhZULN2Caob4HLJPaxBh92N7rtH21TErzqf8HQo',
] as const

const documentOf = (fields: object = {}, subject = did) => ({
  id: subject,
  alsoKnownAs: ['at://alice.example.com'],
  verificationMethod: [{ id: `${subject}#atproto`, type: 'Multikey', publicKeyMultibase: keys[0] }],
  service: [
    { id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: 'https://pds.example' },
  ],
  ...fields,
})

/** A directory over real HTTP, whose answers tests exchange. */
let server: Server
let plc: string
let xrpc: XrpcClient
let answer: (path: string, response: ServerResponse) => void
const asked: string[] = []

const json =
  (value: unknown, status = 200) =>
  (_path: string, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '')
    asked.push(path)
    answer(path, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  plc = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  xrpc = new XrpcClient({ allowPrivateHosts: true })
})
afterAll(async () => {
  await xrpc.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

let clock: number
/** DIDs by handle; an Error is thrown. */
let handles: Map<string, string | Error>
let resolver: IdentityResolver
const checked: string[] = []
const handleResolver: HandleResolver = {
  async resolve(handle) {
    checked.push(handle)
    const value = handles.get(handle)
    if (value instanceof Error) throw value
    return value ?? null
  },
}
const create = (options: Partial<IdentityResolverOptions> = {}) =>
  createIdentityResolver({ plc, xrpc, handles: handleResolver, now: () => clock, ...options })

beforeEach(() => {
  asked.length = 0
  checked.length = 0
  clock = 1_800_000_000_000
  handles = new Map([['alice.example.com', did]])
  answer = json(documentOf())
  resolver = create()
})

const kindOf = async (promise: Promise<Identity>) => {
  const error = await promise.then(
    () => null,
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(IdentityError)
  const { kind, retry } = error as IdentityError
  return `${kind}${retry ? ', retry' : ''}`
}

test('handle, PDS and signing key of a DID', async () => {
  expect(await resolver.resolve(did)).toEqual({
    did,
    handle: 'alice.example.com',
    handleOwed: false,
    claimedHandle: 'alice.example.com',
    pds: 'https://pds.example',
    signingKey: `did:key:${keys[0]}`,
    tombstoned: false,
    asOf: expect.any(Number),
  })
  expect(asked).toEqual([`/${did}`])
})

test('legacy key types become a did:key, unusable keys none', async () => {
  const method = (type: string, publicKeyMultibase: string) => ({
    verificationMethod: [{ id: '#atproto', type, publicKeyMultibase }],
  })
  answer = json(documentOf(method('Multikey', keys[1])))
  expect((await create().resolve(did)).signingKey).toBe(`did:key:${keys[1]}`)
  // documents before 2023 spelled the bare point
  const point = `z${toBase58Btc(fromBase58Btc(keys[0].slice(1)).subarray(2))}`
  answer = json(documentOf(method('EcdsaSecp256k1VerificationKey2019', point)))
  expect((await create().resolve(did)).signingKey).toBe(`did:key:${keys[0]}`)
  answer = json(documentOf(method('EcdsaSecp256k1VerificationKey2019', 'z')))
  expect((await create().resolve(did)).signingKey).toBe(null)
  answer = json(documentOf(method('Ed25519VerificationKey2020', keys[0])))
  expect((await create().resolve(did)).signingKey).toBe(null)
})

test('D2: an identity is kept for 24 hours', async () => {
  await resolver.resolve(did)
  clock += 24 * 3_600_000 - 1
  await resolver.resolve(did)
  expect(asked).toHaveLength(1)
  clock += 1
  await resolver.resolve(did)
  expect(asked).toHaveLength(2)
  expect(checked).toHaveLength(2)
})

test('callers at the same time share one request', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => resolver.resolve(did)))
  expect(new Set(all).size).toBe(1)
  expect([asked.length, checked.length]).toEqual([1, 1])
})

test('forget asks again', async () => {
  await resolver.resolve(did)
  resolver.forget(did)
  await resolver.resolve(did)
  expect(asked).toHaveLength(2)
})

test('the cache is bounded', async () => {
  const small = create({ max: 2 })
  const dids = ['a', 'b', 'c'].map((c) => `did:plc:${c.repeat(24)}`)
  answer = (path, response) => json(documentOf({}, path.slice(1)))(path, response)
  for (const one of dids) await small.resolve(one)
  await small.resolve(dids[0] ?? '')
  expect(asked).toHaveLength(4)
})

test('D3: a handle that does not point back is handle.invalid', async () => {
  handles.set('alice.example.com', 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
  expect(await resolver.resolve(did)).toMatchObject({
    handle: 'handle.invalid',
    claimedHandle: 'alice.example.com',
  })
  handles.delete('alice.example.com')
  expect((await create().resolve(did)).handle).toBe('handle.invalid')
})

test('D3: a document without a handle claims none', async () => {
  answer = json(documentOf({ alsoKnownAs: [] }))
  expect(await resolver.resolve(did)).toMatchObject({ handle: null, claimedHandle: null })
  expect(checked).toEqual([])
})

test('D3: a proof stays in force while the handle is out of reach, and only an answer ends it', async () => {
  await resolver.resolve(did)
  handles.set('alice.example.com', new Error('DNS is down'))
  clock += 24 * 3_600_000
  const owed = { handle: 'alice.example.com', handleOwed: true }
  expect(await resolver.resolve(did)).toMatchObject(owed)
  expect(await resolver.resolve(did, { handle: false, force: true })).toMatchObject(owed)
  clock += 30 * 24 * 3_600_000
  expect(await resolver.resolve(did)).toMatchObject(owed)
  handles.delete('alice.example.com')
  clock += 60_000
  expect((await resolver.resolve(did)).handle).toBe('handle.invalid')
})

test('D3: of a handle that was never proven nothing is said while it is out of reach, and it is asked again soon', async () => {
  handles.set('alice.example.com', new Error('DNS is down'))
  const nothing = { handle: null, claimedHandle: 'alice.example.com', handleOwed: true }
  expect(await resolver.resolve(did)).toMatchObject(nothing)
  handles.set('alice.example.com', did)
  expect(await resolver.resolve(did)).toMatchObject(nothing)
  clock += 60_000
  const proven = await resolver.resolve(did)
  expect([proven.handle, proven.handleOwed]).toEqual(['alice.example.com', false])
  expect(asked).toHaveLength(1)
})

test('D3: a new claim does not inherit the proof of the old one', async () => {
  await resolver.resolve(did)
  answer = json(documentOf({ alsoKnownAs: ['at://bob.example.com'] }))
  handles.set('bob.example.com', new Error('DNS is down'))
  expect((await resolver.resolve(did, { force: true })).handle).toBe(null)
})

test('without the handle, one request and no check; it is checked when somebody wants it', async () => {
  expect(await resolver.resolve(did, { handle: false })).toMatchObject({
    handle: null,
    claimedHandle: 'alice.example.com',
  })
  expect(checked).toEqual([])
  expect((await resolver.resolve(did)).handle).toBe('alice.example.com')
  expect((await resolver.resolve(did, { handle: false })).handle).toBe('alice.example.com')
  expect([asked.length, checked.length]).toEqual([1, 1])
  // a refresh that does not check keeps the verdict on the same claim
  expect((await resolver.resolve(did, { handle: false, force: true })).handle).toBe('alice.example.com')
  expect([asked.length, checked.length]).toEqual([2, 1])
})

test('D1, D4: a forced refresh sees the new key', async () => {
  await resolver.resolve(did)
  answer = json(
    documentOf({ verificationMethod: [{ id: '#atproto', type: 'Multikey', publicKeyMultibase: keys[1] }] }),
  )
  expect((await resolver.resolve(did)).signingKey).toBe(`did:key:${keys[0]}`)
  expect((await resolver.resolve(did, { force: true })).signingKey).toBe(`did:key:${keys[1]}`)
  expect((await resolver.resolve(did)).signingKey).toBe(`did:key:${keys[1]}`)
})

test('D5: forced refreshes of one DID are limited; past the limit the cache answers', async () => {
  await resolver.resolve(did)
  for (let i = 0; i < 50; i++) await resolver.resolve(did, { force: true })
  expect(asked).toHaveLength(6)
  clock += 10_000
  for (let i = 0; i < 50; i++) await resolver.resolve(did, { force: true })
  expect(asked).toHaveLength(7)
  clock += 3_600_000
  for (let i = 0; i < 50; i++) await resolver.resolve(did, { force: true })
  expect(asked).toHaveLength(12)
})

test('E7: a did:web that is gone is no tombstone', async () => {
  answer = (_path, response) => response.writeHead(410).end('Gone')
  const web = `did:web:localhost%3A${new URL(plc).port}`
  expect(await kindOf(resolver.resolve(web))).toBe('invalid')
  answer = json({ message: 'DID not available' }, 404)
  expect(await kindOf(create().resolve(web))).toBe('not-found')
})

test('D5: a DID that fails is limited too', async () => {
  answer = json({ message: `DID not registered: ${did}` }, 404)
  for (let i = 0; i < 50; i++) await resolver.resolve(did, { force: true }).catch(() => {})
  expect(asked.length).toBeLessThanOrEqual(7)
})

test('a DID that does not exist is known as such for a minute', async () => {
  answer = json({ message: `DID not registered: ${did}` }, 404)
  expect(await kindOf(resolver.resolve(did))).toBe('not-found')
  expect(await kindOf(resolver.resolve(did))).toBe('not-found')
  expect(asked).toHaveLength(1)
  clock += 60_000
  answer = json(documentOf())
  expect((await resolver.resolve(did)).did).toBe(did)
})

test('E7: a tombstone is an identity of its own', async () => {
  answer = json({ message: `DID not available: ${did}` }, 404)
  const gone = { did, handle: null, claimedHandle: null, pds: null, signingKey: null, tombstoned: true }
  expect(await resolver.resolve(did)).toMatchObject(gone)
  answer = (_path, response) => response.writeHead(410).end('Gone')
  expect(await create().resolve(did)).toMatchObject(gone)
})

test('a directory that is down is a reason to retry, and is not asked each time', async () => {
  answer = (_path, response) => response.writeHead(503).end()
  expect(await kindOf(resolver.resolve(did))).toBe('unreachable, retry')
  expect(await kindOf(resolver.resolve(did))).toBe('unreachable, retry')
  expect(asked).toHaveLength(1)
  clock += 6_000
  answer = json(documentOf())
  expect((await resolver.resolve(did)).did).toBe(did)
})

test('while the directory is down, what we knew stays in force', async () => {
  await resolver.resolve(did)
  answer = (_path, response) => response.destroy()
  clock += 48 * 3_600_000
  expect((await resolver.resolve(did)).signingKey).toBe(`did:key:${keys[0]}`)
  expect(asked).toHaveLength(2)
  // it is asked again soon, but not by everybody
  await resolver.resolve(did)
  expect(asked).toHaveLength(2)
  clock += 6_000
  await resolver.resolve(did)
  expect(asked).toHaveLength(3)
})

test('a forced refresh that cannot ask fails and takes nothing away', async () => {
  await resolver.resolve(did)
  answer = (_path, response) => response.writeHead(500).end()
  expect(await kindOf(resolver.resolve(did, { force: true }))).toBe('unreachable, retry')
  expect((await resolver.resolve(did)).signingKey).toBe(`did:key:${keys[0]}`)
})

test('a web page in place of a document is a directory out of order', async () => {
  answer = (_path, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
  expect(await kindOf(resolver.resolve(did))).toBe('unreachable, retry')
})

test("another DID's document is refused", async () => {
  answer = json(documentOf({ id: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' }))
  expect(await kindOf(resolver.resolve(did))).toBe('invalid')
})

test('an endless document is refused', async () => {
  answer = json(documentOf({ junk: 'x'.repeat(300_000) }))
  expect(await kindOf(resolver.resolve(did))).toBe('invalid')
})

test.each([
  'did:key:zQ3shunBKsXixLxKtC5qeSG9E4J5RkGN57im31pcTzbNQnm5w',
  'did:plc:short',
  'did:plc:EWVI7NXZYOUN6ZHXRHS64OIZ',
  'did:plc:ewvi7nxzyoun6zhxrhs64oi1',
  'did:plc:../../etc/passwd',
  'did:web:nodots',
  'did:web:example.com:user:alice',
  'did:web:example.com/path',
  'did:web:user@example.com',
  'did:web:%2e%2e',
  'alice.example.com',
  '',
])('"%s" is not asked for', async (odd) => {
  expect(await kindOf(resolver.resolve(odd))).toBe('invalid')
  expect(asked).toEqual([])
})

test('did:web is fetched from its host; a port only where private hosts are allowed', async () => {
  const port = new URL(plc).port
  const web = `did:web:localhost%3A${port}`
  answer = (path, response) =>
    json(path === '/.well-known/did.json' ? documentOf({}, web) : {})(path, response)
  expect(await resolver.resolve(web)).toMatchObject({ did: web, pds: 'https://pds.example' })
  await using guarded = new XrpcClient()
  const strict = create({ xrpc: guarded })
  expect(await kindOf(strict.resolve(web))).toBe('invalid')
  expect(await kindOf(strict.resolve('did:web:localhost'))).toBe('invalid')
  expect(asked).toHaveLength(1)
})

test('F10: a did:web on a private address is refused', async () => {
  await using guarded = new XrpcClient()
  expect(await kindOf(create({ xrpc: guarded }).resolve('did:web:127.0.0.1'))).toBe('invalid')
})

test('a caller may leave; the others go on', async () => {
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  answer = async (path, response) => {
    begun.resolve()
    await gate.promise
    json(documentOf())(path, response)
  }
  const leaving = new AbortController()
  const first = resolver.resolve(did, { signal: leaving.signal })
  const second = resolver.resolve(did)
  await begun.promise
  const reason = new Error('leaving')
  leaving.abort(reason)
  await expect(first).rejects.toBe(reason)
  gate.resolve()
  expect((await second).did).toBe(did)
  expect(asked).toHaveLength(1)
})

test('a caller that leaves alone is no failure of the DID', async () => {
  const begun = Promise.withResolvers<void>()
  answer = () => begun.resolve()
  const leaving = new AbortController()
  const first = resolver.resolve(did, { signal: leaving.signal })
  await begun.promise
  leaving.abort(new Error('leaving'))
  await expect(first).rejects.toThrow('leaving')
  answer = json(documentOf())
  expect((await resolver.resolve(did)).did).toBe(did)
})

test('an older answer that comes late does not overwrite a newer one', async () => {
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  answer = async (path, response) => {
    begun.resolve()
    await gate.promise
    json(documentOf())(path, response)
  }
  const slow = resolver.resolve(did)
  await begun.promise
  answer = json(
    documentOf({ verificationMethod: [{ id: '#atproto', type: 'Multikey', publicKeyMultibase: keys[1] }] }),
  )
  await resolver.resolve(did, { force: true })
  gate.resolve()
  await slow
  expect((await resolver.resolve(did)).signingKey).toBe(`did:key:${keys[1]}`)
})

test('B11: a working identity has a key and a PDS and is not tombstoned', async () => {
  const identity = await resolver.resolve(did)
  expect(workingIdentity(identity)).toMatchObject({ signingKey: `did:key:${keys[0]}` })
  for (const lack of [{ signingKey: null }, { pds: null }, { tombstoned: true }]) {
    expect(() => workingIdentity({ ...identity, ...lack })).toThrow(expect.objectContaining({ rule: 'B11' }))
  }
})
