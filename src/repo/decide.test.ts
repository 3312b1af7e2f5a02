import { expect, test } from 'vitest'
import { cidForBlock } from '../protocol/cid.ts'
import type { Identity } from '../protocol/identity.ts'
import type { AccountMessage, CommitMessage, SyncMessage } from '../protocol/message.ts'
import { tidFromMicros } from '../protocol/tid.ts'
import type { RepoRow, RepoState } from '../store/repo-row.ts'
import { decide, decideAccount, decideIdentity, decideSync, standingOf } from './decide.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const rev = (n: number) => tidFromMicros(1_700_000_000_000_000 + n)
const cid = (n: number) => cidForBlock(Uint8Array.of(n))

const row = (fields: Partial<RepoRow> = {}): RepoRow => ({
  id: 1,
  did,
  state: 'active',
  standing: 'active',
  handle: 'alice.example',
  pds: 'https://pds.example',
  signingKey: 'did:key:zA',
  rev: rev(5),
  data: cid(5),
  run: 1,
  error: null,
  retryCount: 0,
  retryAt: null,
  removal: null,
  accountSeq: null,
  identifiedAt: null,
  ...fields,
})
const commit = (n: number) => ({ kind: 'commit', did, rev: rev(n) }) as CommitMessage
const sync = (n: number) => ({ kind: 'sync', did, rev: rev(n) }) as SyncMessage
const account = (active: boolean, status: string | null = null): AccountMessage => ({
  kind: 'account',
  seq: 1,
  did,
  active,
  status,
  time: '2026-08-01T00:00:00Z',
})
const identity = (fields: Partial<Identity> = {}): Identity => ({
  did,
  handle: 'alice.example',
  claimedHandle: 'alice.example',
  pds: 'https://pds.example',
  signingKey: 'did:key:zA',
  tombstoned: false,
  ...fields,
})

const states: RepoState[] = ['pending', 'resyncing', 'active', 'desynchronized', 'error']

test.each(states)('B12, C4: what is not newer than our rev is skipped while %s', (state) => {
  for (const n of [4, 5]) {
    expect(decide(row({ state }), commit(n))).toEqual({ action: 'skip', rule: 'B12' })
    expect(decide(row({ state }), sync(n))).toEqual({ action: 'skip', rule: 'C4' })
  }
})

test('an active repo has the next commit or sync verified', () => {
  expect(decide(row(), commit(6))).toEqual({ action: 'verify', rule: null })
  expect(decide(row(), sync(6))).toEqual({ action: 'verify', rule: null })
})

test('F5, C6: while resyncing, commits and syncs are kept', () => {
  expect(decide(row({ state: 'resyncing' }), commit(6))).toEqual({ action: 'buffer', rule: 'F5' })
  expect(decide(row({ state: 'resyncing' }), sync(6))).toEqual({ action: 'buffer', rule: 'C6' })
  const fresh = row({ state: 'resyncing', rev: null, data: null })
  expect(decide(fresh, commit(1))).toEqual({ action: 'buffer', rule: 'F5' })
})

test('F13: news of a repo whose fetch failed hurry the next one, unless that asks a mirror that may be behind', () => {
  for (const at of [row({ state: 'error' }), row({ state: 'error', rev: null, data: null })]) {
    expect(decide(at, commit(6))).toEqual({ action: 'hurry', rule: 'F13' })
    expect(decide(at, sync(6))).toEqual({ action: 'hurry', rule: 'F13' })
    expect(decide(at, commit(6), { mirror: true })).toEqual({ action: 'buffer', rule: 'F5' })
  }
})

test.each(['pending', 'desynchronized'] as const)(
  'F1: a repo that is %s gets it with its next fetch, unless that asks a mirror that may be behind',
  (state) => {
    expect(decide(row({ state }), commit(6))).toEqual({ action: 'ignore', rule: 'F1' })
    expect(decide(row({ state }), commit(6), { mirror: true })).toEqual({ action: 'buffer', rule: 'F5' })
    expect(decide(row({ state, rev: null, data: null }), sync(1))).toEqual({ action: 'ignore', rule: 'F1' })
  },
)

test.each(['deactivated', 'suspended', 'takendown', 'deleted', 'throttled', 'whatever'])(
  'E3, C7: while the account is %s, commits and syncs are ignored',
  (standing) => {
    for (const state of states) {
      expect(decide(row({ standing, state }), commit(6))).toEqual({ action: 'ignore', rule: 'E3' })
      expect(decide(row({ standing, state }), sync(6))).toEqual({ action: 'ignore', rule: 'C7' })
    }
  },
)

test('B19: an active row without a head cannot say what follows', () => {
  expect(decide(row({ data: null }), commit(6))).toMatchObject({ action: 'resync', rule: 'B19' })
  expect(decide(row({ rev: null }), sync(6))).toMatchObject({ action: 'resync', rule: 'B19' })
})

test('E1, E6: active rules, whatever the status says; unknown statuses are kept', () => {
  expect(standingOf(account(true))).toBe('active')
  expect(standingOf(account(true, 'throttled'))).toBe('active')
  expect(standingOf(account(true, 'desynchronized'))).toBe('active')
  expect(standingOf(account(false, 'takendown'))).toBe('takendown')
  expect(standingOf(account(false, 'resting'))).toBe('resting')
  expect(standingOf(account(false))).toBe('inactive')
  expect(standingOf(account(false, ''))).toBe('inactive')
  expect(standingOf(account(false, 'active'))).toBe('inactive')
})

test('E4: a takedown, suspension or deactivation changes the standing and nothing else', () => {
  for (const to of ['takendown', 'suspended', 'deactivated', 'resting']) {
    expect(decideAccount(row(), account(false, to))).toEqual({
      action: 'standing',
      from: 'active',
      to,
      next: null,
    })
  }
})

test('E4: a deletion removes the repo', () => {
  const decision = { action: 'standing', to: 'deleted', next: 'remove' }
  expect(decideAccount(row(), account(false, 'deleted'))).toMatchObject(decision)
  expect(decideAccount(row({ standing: 'takendown' }), account(false, 'deleted'))).toMatchObject(decision)
})

test('E5: a reactivated repo is resynced', () => {
  const decision = { action: 'standing', from: 'deactivated', to: 'active', next: 'resync' }
  expect(decideAccount(row({ standing: 'deactivated' }), account(true))).toEqual(decision)
})

test('E9: what a replay of the stream repeats does nothing, whatever the standing is by now', () => {
  const paused = account(false, 'deactivated')
  expect(decideAccount(row({ accountSeq: 1 }), paused)).toEqual({ action: 'skip', rule: 'E9' })
  expect(decideAccount(row({ accountSeq: 0 }), paused).action).toBe('standing')
})

test('E9: the same standing again does nothing, and a deletion is not taken back', () => {
  expect(decideAccount(row(), account(true))).toEqual({ action: 'skip', rule: 'E9' })
  expect(decideAccount(row({ standing: 'suspended' }), account(false, 'suspended'))).toMatchObject({
    action: 'skip',
  })
  expect(decideAccount(row({ standing: 'deleted' }), account(false, 'deleted'))).toMatchObject({
    action: 'skip',
  })
  expect(decideAccount(row({ standing: 'deleted' }), account(true))).toMatchObject({ action: 'skip' })
})

test('C4: a newer sync of the same tree advances the rev, so that the next commit follows it', () => {
  expect(decideSync({ rev: rev(5), data: cid(5) }, { rev: rev(6), data: cid(5) })).toBe('advance')
})

test('C4: a sync that is not newer is skipped, whatever its tree', () => {
  expect(decideSync({ rev: rev(5), data: cid(5) }, { rev: rev(5), data: cid(9) })).toBe('skip')
  expect(decideSync({ rev: rev(5), data: cid(5) }, { rev: rev(4), data: cid(5) })).toBe('skip')
})

test('C5: a newer sync of another tree means resync', () => {
  expect(decideSync({ rev: rev(5), data: cid(5) }, { rev: rev(6), data: cid(6) })).toBe('resync')
  expect(decideSync({ rev: null, data: null }, { rev: rev(6), data: cid(6) })).toBe('resync')
})

test('D6: an identity as we know it changes nothing', () => {
  expect(decideIdentity(row(), identity())).toBe(null)
})

test('D6: what changed is told with its value before', () => {
  expect(decideIdentity(row(), identity({ handle: 'bob.example', claimedHandle: 'bob.example' }))).toEqual({
    patch: { handle: 'bob.example' },
    changed: { handle: { from: 'alice.example', to: 'bob.example' } },
    resync: false,
  })
  expect(decideIdentity(row(), identity({ handle: null, claimedHandle: null }))).toMatchObject({
    patch: { handle: null },
  })
})

test('D4: a new key is used without a resync, a new PDS means resync', () => {
  expect(decideIdentity(row(), identity({ signingKey: 'did:key:zB' }))).toEqual({
    patch: { signingKey: 'did:key:zB' },
    changed: { signingKey: { from: 'did:key:zA', to: 'did:key:zB' } },
    resync: false,
  })
  expect(decideIdentity(row(), identity({ pds: 'https://other.example' }))).toMatchObject({
    patch: { pds: 'https://other.example' },
    resync: true,
  })
})

test('D4: learning the PDS for the first time, or losing it, is no move', () => {
  expect(decideIdentity(row({ pds: null }), identity())).toMatchObject({ resync: false })
  expect(decideIdentity(row(), identity({ pds: null }))).toMatchObject({
    patch: { pds: null },
    resync: false,
  })
})

test('D3: a handle that was not checked this time says nothing', () => {
  expect(decideIdentity(row(), identity({ handle: null, claimedHandle: 'bob.example' }))).toBe(null)
})

test('E7: a tombstoned DID is removed', () => {
  expect(decideIdentity(row(), identity({ tombstoned: true }))).toBe('remove')
})
