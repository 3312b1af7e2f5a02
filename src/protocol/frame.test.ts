import { describe, expect, test } from 'vitest'
import {
  carOf,
  commitBlock,
  DID,
  fixtureJson,
  hasFixture,
  KEY,
  REV,
  repoOf,
  section,
} from '../../test/support/repo-bytes.ts'
import { InvalidError } from '../errors.ts'
import { verifyCommit } from '../repo/verify.ts'
import { encode } from './cbor.ts'
import { Cid, cidForBlock } from './cid.ts'
import { decodeFrame, isRepoPath, peekFrame } from './frame.ts'
import { parseKey } from './key.ts'
import type { CommitMessage } from './message.ts'
import { buildTree } from './mst.ts'

const TIME = '2026-08-01T12:00:00.000Z'
const cid = (n: number, codec: 0x71 | 0x55 = 0x71) => new Cid(cidForBlock(Uint8Array.of(n), codec))
const frame = (header: unknown, body: unknown) => Buffer.concat([encode(header), encode(body)])
const of = (t: string, body: unknown) => frame({ op: 1, t }, body)
const rule = (id: string) => expect.objectContaining({ rule: id })

const op = { action: 'create', path: 'app.bsky.feed.post/3jzfcijpj2z2a', cid: cid(1) }
const commit = {
  seq: 7,
  repo: DID,
  rev: REV,
  since: null,
  time: TIME,
  commit: cid(2),
  blocks: Uint8Array.of(1, 2, 3),
  ops: [op],
  prevData: cid(3),
  tooBig: false,
  rebase: false,
  blobs: [],
}
const sync = { seq: 8, did: DID, rev: REV, blocks: Uint8Array.of(1), time: TIME }
const identity = { seq: 9, did: DID, handle: 'alice.example.com', time: TIME }
const account = { seq: 10, did: DID, active: false, status: 'takendown', time: TIME }

test('a commit is decoded, with bytes as views of the frame', () => {
  const bytes = of('#commit', commit)
  const message = decodeFrame(bytes) as CommitMessage
  expect(message).toMatchObject({ kind: 'commit', seq: 7, did: DID, rev: REV, since: null, time: TIME })
  expect(message.ops).toEqual([{ action: 'create', path: op.path, cid: expect.anything(), prev: undefined }])
  expect(Buffer.from(message.ops[0]?.cid ?? []).equals(cid(1).bytes)).toBe(true)
  expect(Buffer.from(message.prevData ?? []).equals(cid(3).bytes)).toBe(true)
  expect(message.blocks.buffer).toBe(bytes.buffer)
})

test('prev and prevData tell absent, null and a cid apart', () => {
  const ops = [
    { ...op, action: 'update', prev: cid(4) },
    { ...op, path: 'app.bsky.feed.post/b', prev: null },
    { action: 'delete', path: 'app.bsky.feed.post/c', cid: null, prev: cid(5) },
    { action: 'delete', path: 'app.bsky.feed.post/d', cid: null },
  ]
  const message = decodeFrame(of('#commit', { ...commit, ops, prevData: null, since: REV })) as CommitMessage
  expect(message.ops.map(({ prev }) => (prev ? 'cid' : prev))).toEqual(['cid', null, 'cid', undefined])
  expect(message.prevData).toBeNull()
  expect(message.since).toBe(REV)
  const { prevData: _, ...legacy } = commit
  expect((decodeFrame(of('#commit', legacy)) as CommitMessage).prevData).toBeNull()
})

test('the other messages are decoded', () => {
  expect(decodeFrame(of('#sync', sync))).toEqual({ kind: 'sync', ...sync, blocks: expect.anything() })
  expect(decodeFrame(of('#identity', identity))).toEqual({ kind: 'identity', ...identity })
  expect(decodeFrame(of('#identity', { ...identity, handle: undefined }))).toMatchObject({ handle: null })
  expect(decodeFrame(of('#account', account))).toEqual({ kind: 'account', ...account })
  expect(decodeFrame(of('#account', { ...account, active: true, status: undefined }))).toMatchObject({
    status: null,
  })
  expect(decodeFrame(of('#info', { name: 'OutdatedCursor' }))).toEqual({
    kind: 'info',
    name: 'OutdatedCursor',
    message: null,
  })
})

test('A3: op -1 is an error frame', () => {
  const bytes = frame({ op: -1 }, { error: 'FutureCursor', message: 'Cursor in the future.' })
  expect(decodeFrame(bytes)).toEqual({
    kind: 'error',
    error: 'FutureCursor',
    message: 'Cursor in the future.',
  })
  expect(peekFrame(bytes)).toEqual({ kind: 'error', did: null, seq: null })
})

test('A2: unknown types and ops are told apart from broken frames; unknown fields are ignored', () => {
  const labels = of('#labels', { seq: 5, labels: [] })
  expect(decodeFrame(labels)).toEqual({ kind: 'unknown', type: '#labels', seq: 5 })
  expect(peekFrame(labels)).toEqual({ kind: 'unknown', did: null, seq: 5 })
  const wordy = frame({ op: 1, t: '#sync', z: 1 }, sync)
  expect(peekFrame(wordy)).toEqual({ kind: 'sync', did: DID, seq: 8 })
  expect(peekFrame(frame({ op: -1, t: '#x' }, { error: 'X' })).kind).toBe('error')
  const op2 = frame({ op: 2, t: '#commit' }, {})
  expect(decodeFrame(op2)).toEqual({ kind: 'unknown', type: null, seq: null })
  expect(peekFrame(op2)).toEqual({ kind: 'unknown', did: null, seq: null })
  expect(decodeFrame(frame({ op: 1, t: '#sync', z: 1 }, { ...sync, future: { a: [1] } }))).toMatchObject({
    kind: 'sync',
  })
})

describe('A1: a frame is exactly two CBOR objects', () => {
  const good = of('#identity', identity)
  const bad: Record<string, Uint8Array> = {
    nothing: new Uint8Array(0),
    'a header alone': encode({ op: 1, t: '#identity' }),
    'bytes after the body': Buffer.concat([good, Uint8Array.of(0)]),
    'three objects': Buffer.concat([good, encode({})]),
    'a list as header': Buffer.concat([encode([]), encode({})]),
    'a list as body': of('#identity', []),
    'null as body': of('#identity', null),
    'a cid as body': of('#identity', cid(1)),
    'bytes as body': of('#identity', Uint8Array.of(1)),
    text: Buffer.from('{"op":1}'),
    'a header without op': frame({ t: '#identity' }, identity),
    'an op that is text': frame({ op: '1', t: '#identity' }, identity),
    'a header without t': frame({ op: 1 }, identity),
    'a t that is a number': frame({ op: 1, t: 1 }, identity),
    'unsorted keys': Buffer.concat([Buffer.from('a2626f7001617463236964', 'hex'), encode({})]),
    'a float in the body': Buffer.concat([
      encode({ op: 1, t: '#x' }),
      Buffer.from('a16161fb3ff8000000000000', 'hex'),
    ]),
    'nesting without end': Buffer.concat([encode({ op: 1, t: '#x' }), Buffer.alloc(100_000, 0x81)]),
  }
  test.each(Object.entries(bad))('%s ends the connection', (_name, bytes) => {
    expect(() => decodeFrame(bytes)).toThrow(rule('A1'))
  })
  test('nesting without end stops the peek as well', () => {
    const body = Buffer.concat([Buffer.from('a1616f', 'hex'), Buffer.alloc(200_000, 0x81)])
    expect(() => peekFrame(Buffer.concat([encode({ op: 1, t: '#commit' }), body]))).toThrow(rule('A1'))
    expect(() => peekFrame(Buffer.alloc(200_000, 0xa1))).toThrow(rule('A1'))
  })
  test('every cut of a frame is refused, by the peek too once it cuts what the peek needs', () => {
    for (let end = 0; end < good.length; end++) {
      expect(() => decodeFrame(good.subarray(0, end))).toThrow(rule('A1'))
      try {
        expect(peekFrame(good.subarray(0, end))).toEqual(peekFrame(good))
      } catch (error) {
        expect(error).toMatchObject({ rule: expect.stringMatching(/^A[15]$/) })
      }
    }
  })
})

test('A5: seq is an integer from 1 to 2^53 - 1', () => {
  const kinds = { '#commit': commit, '#sync': sync, '#identity': identity, '#account': account }
  for (const [t, body] of Object.entries(kinds)) {
    for (const seq of [0, -1, '7', null, undefined, [7]]) {
      expect(() => decodeFrame(of(t, { ...body, seq })), `${t} ${seq}`).toThrow(rule('A5'))
      expect(() => peekFrame(of(t, { ...body, seq })), `${t} ${seq}`).toThrow(rule('A5'))
    }
    const last = of(t, { ...body, seq: Number.MAX_SAFE_INTEGER })
    expect(decodeFrame(last)).toMatchObject({ seq: Number.MAX_SAFE_INTEGER })
    expect(peekFrame(last).seq).toBe(Number.MAX_SAFE_INTEGER)
  }
  const past = Buffer.from(of('#identity', { ...identity, seq: Number.MAX_SAFE_INTEGER }))
  past.set([0, 0x20, 0, 0, 0, 0, 0, 0], past.indexOf(Buffer.from('1b001fffffffffffff', 'hex')) + 1)
  expect(() => decodeFrame(past)).toThrow(rule('A1'))
  expect(() => peekFrame(past)).toThrow(rule('A5'))
})

test('A9: frames over 5 MB are refused', () => {
  expect(() => decodeFrame(new Uint8Array(5_000_001))).toThrow(rule('A9'))
})

describe('B1: the fields of a commit', () => {
  const bad: Record<string, Record<string, unknown>> = {
    'repo is no DID': { repo: 'alice' },
    'no repo': { repo: undefined },
    'rev is no TID': { rev: '1' },
    'no rev': { rev: undefined },
    'since is no TID': { since: '1' },
    'no since': { since: undefined },
    'time is no datetime': { time: 'yesterday' },
    'commit is text': { commit: 'bafy' },
    'ops is a map': { ops: {} },
    'an op is text': { ops: ['create'] },
    'an unknown action': { ops: [{ ...op, action: 'move' }] },
    'a path without slash': { ops: [{ ...op, path: 'app.bsky.feed.post' }] },
    'a path of three parts': { ops: [{ ...op, path: 'app.bsky.feed.post/a/b' }] },
    'a collection that is no NSID': { ops: [{ ...op, path: 'post/a' }] },
    'a record key ..': { ops: [{ ...op, path: 'app.bsky.feed.post/..' }] },
    'a create with a raw cid': { ops: [{ ...op, cid: cid(1, 0x55) }] },
    'prev is text': { ops: [{ ...op, prev: 'bafy' }] },
    'a raw prev': { ops: [{ ...op, prev: cid(1, 0x55) }] },
    'prevData is raw': { prevData: cid(1, 0x55) },
    'prevData is text': { prevData: 'bafy' },
  }
  test.each(Object.entries(bad))('%s', (_name, fields) => {
    expect(() => decodeFrame(of('#commit', { ...commit, ...fields }))).toThrow(rule('B1'))
  })
})

test('B2: blocks are not empty and at most 2,000,000 bytes', () => {
  for (const blocks of [new Uint8Array(0), new Uint8Array(2_000_001), 'text', undefined])
    expect(() => decodeFrame(of('#commit', { ...commit, blocks }))).toThrow(rule('B2'))
  expect(decodeFrame(of('#commit', { ...commit, blocks: new Uint8Array(2_000_000) }))).toMatchObject({
    seq: 7,
  })
})

test('B3: at most 200 ops', () => {
  const ops = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...op, path: `app.bsky.feed.post/${i}` }))
  expect(() => decodeFrame(of('#commit', { ...commit, ops: ops(201) }))).toThrow(rule('B3'))
  expect((decodeFrame(of('#commit', { ...commit, ops: ops(200) })) as CommitMessage).ops).toHaveLength(200)
  expect((decodeFrame(of('#commit', { ...commit, ops: [] })) as CommitMessage).ops).toEqual([])
})

test('B5: tooBig, rebase, blobs and prev are ignored whatever they hold', () => {
  const odd = { ...commit, tooBig: 'yes', rebase: 1, blobs: null, prev: cid(9) }
  expect(decodeFrame(of('#commit', odd))).toEqual(decodeFrame(of('#commit', commit)))
})

test('C1 D1 E1: the fields of sync, identity and account messages', () => {
  for (const fields of [
    { did: 'x' },
    { rev: '' },
    { blocks: new Uint8Array(0) },
    { blocks: null },
    { time: 5 },
  ])
    expect(() => decodeFrame(of('#sync', { ...sync, ...fields }))).toThrow(rule('C1'))
  for (const fields of [{ did: 'x' }, { time: undefined }])
    expect(() => decodeFrame(of('#identity', { ...identity, ...fields }))).toThrow(rule('D1'))
  for (const fields of [{ did: null }, { time: 'x' }, { active: undefined }, { active: 'no' }])
    expect(() => decodeFrame(of('#account', { ...account, ...fields }))).toThrow(rule('E1'))
})

test('the peek agrees with the decoder on every kind', () => {
  for (const [t, body] of Object.entries({
    '#commit': commit,
    '#sync': sync,
    '#identity': identity,
    '#account': account,
  })) {
    const bytes = of(t, body)
    const { kind, did, seq } = decodeFrame(bytes) as CommitMessage
    expect(peekFrame(bytes)).toEqual({ kind, did, seq })
  }
  expect(peekFrame(of('#info', { name: 'OutdatedCursor' }))).toEqual({ kind: 'info', did: null, seq: null })
  expect(peekFrame(of('#commit', { ...commit, repo: undefined })).did).toBeNull()
})

test('a repo path is a collection and a record key', () => {
  for (const path of ['app.bsky.feed.post/3jzfcijpj2z2a', 'com.example.a/self', 'com.example.a/a:b~c.d_e-f'])
    expect(isRepoPath(path)).toBe(true)
  for (const path of [
    '',
    '/',
    'com.example.a/',
    '/self',
    'com.example.a',
    'com.example.a//self',
    'com.example.a/.',
  ])
    expect(isRepoPath(path)).toBe(false)
})

describe('flipped bits', () => {
  const record = { $type: 'com.example.a', n: 1 }
  const before = repoOf([['com.example.a/1', { $type: 'com.example.a', n: 0 }]])
  const after = repoOf([
    ['com.example.a/1', { $type: 'com.example.a', n: 0 }],
    ['com.example.a/2', record],
  ])
  const data = (repo: typeof after) => buildTree(repo.paths).root
  const bytes = of('#commit', {
    ...commit,
    commit: new Cid(after.root),
    blocks: carOf(after.root, after.blocks),
    ops: [
      {
        action: 'create',
        path: 'com.example.a/2',
        cid: new Cid(after.paths.get('com.example.a/2') as Uint8Array),
      },
    ],
    prevData: new Cid(data(before)),
  })
  const key = parseKey(KEY.didKey)
  const verified = (frameBytes: Uint8Array) => {
    const message = decodeFrame(frameBytes)
    if (message.kind !== 'commit') return null
    return verifyCommit(message, key, { rev: null, data: null }, { legacy: 'reject', now: Date.now() })
  }

  test('no flipped bit of a commit frame lets other content through', () => {
    const truth = JSON.stringify(verified(bytes))
    expect(truth).toContain('com.example.a')
    let accepted = 0
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      let result: unknown = null
      try {
        result = verified(flipped)
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
        expect(error).toHaveProperty('rule')
      }
      if (result === null) continue
      accepted++
      expect(JSON.stringify(result)).toBe(truth)
    }
    // What is left is not signed and does not matter: seq, time, field names that may be absent.
    expect(accepted).toBeLessThan(bytes.length)
  })

  test('the peek never throws anything but an InvalidError, whatever the bytes', () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      try {
        peekFrame(flipped)
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidError)
      }
    }
  })

  test('a record that is signed but not in the ops cannot be slipped in', () => {
    const message = decodeFrame(bytes) as CommitMessage
    const other = section(commitBlock(data(before)))
    const head = { rev: null, data: null }
    const options = { legacy: 'reject', now: Date.now() } as const
    expect(() => verifyCommit({ ...message, ops: [] }, key, head, options)).toThrow(rule('B17'))
    expect(() => verifyCommit({ ...message, blocks: carOf(other[0], [other]) }, key, head, options)).toThrow(
      rule('B6'),
    )
  })
})

describe.skipIf(!hasFixture('indigo'))('real events', () => {
  test('the commits of real hosts decode as frames', () => {
    for (const seq of [4621317030, 4621317332, 4621332152, 4623075231]) {
      const event = fixtureJson<{ repo: string; ops: unknown[] }>(`indigo/firehose_commit_${seq}.json`)
      const bytes = of('#commit', event)
      expect(peekFrame(bytes)).toEqual({ kind: 'commit', did: event.repo, seq })
      expect((decodeFrame(bytes) as CommitMessage).ops).toHaveLength(event.ops.length)
    }
  })
})
