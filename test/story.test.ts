import { expect, test } from 'vitest'
import { Dispatcher } from '../src/dispatch/dispatcher.ts'
import { Registry } from '../src/dispatch/registry.ts'
import { cidToString } from '../src/protocol/cid.ts'
import { decodeFrame, peekFrame } from '../src/protocol/frame.ts'
import { parseKey } from '../src/protocol/key.ts'
import type { CommitMessage } from '../src/protocol/message.ts'
import { decide } from '../src/repo/decide.ts'
import { verifyCommit } from '../src/repo/verify.ts'
import { Watermark } from '../src/source/watermark.ts'
import { openStore } from '../src/store/open.ts'
import { anySchema, plainHandlers } from './support/plain-handlers.ts'
import { quietObserver } from './support/run-tap.ts'

/**
 * How one frame becomes one row, told in order. Read this first: every step is the real function the runtime
 * calls, fed by the bytes of one commit. Alice, whose repo was empty, sets her status to 🦋.
 */
const FRAME = Buffer.from(
  `omF0ZyNjb21taXRib3ABrGNvcHOBo2NjaWTYKlglAAFxEiALFBMTIygJLUkt6MoMwAE8RIdyFdSfuHTzN3IAs8bDIGRwYXRoeBt4eXouc3RhdHV
zcGhlcmUuc3RhdHVzL3NlbGZmYWN0aW9uZmNyZWF0ZWNyZXZtM2xlbmF4MnVpeWt4cGNzZXEEZHJlcG94IGRpZDpwbGM6azVoZjRxNGRxdmRmcXpt
anhxanRvc3ZxZHRpbWV4GDIwMjUtMDEtMDFUMDA6MDA6MDAuMDY0WmVibG9ic4Blc2luY2VtM2xlbmF4MnN5cHR4cGZibG9ja3NZAg06omVyb290c
4HYKlglAAFxEiCwd+MgsyN46pERvTWamP3ZM/0Bp1yY23yb191Om+sqIWd2ZXJzaW9uAXIBcRIgCxQTEyMoCS1JLejKDMABPESHchXUn7h08zdyAL
PGwyCjZSR0eXBldnh5ei5zdGF0dXNwaGVyZS5zdGF0dXNmc3RhdHVzZPCfpotpY3JlYXRlZEF0eBgyMDI1LTAxLTAxVDAwOjAwOjAwLjAwMFrgAQF
xEiCwd+MgsyN46pERvTWamP3ZM/0Bp1yY23yb191Om+sqIaZjZGlkeCBkaWQ6cGxjOms1aGY0cTRkcXZkZnF6bWp4cWp0b3N2cWNyZXZtM2xlbmF4
MnVpeWt4cGNzaWdYQBAYNwHf4izETQeWvwUP4ckRVkHp1OktN6yF6YNNyuwDEQ7rN5U+h6tuamRrysnItGEfNMjkXWnWf1J61xp0NZlkZGF0YdgqW
CUAAXESIDtJv4LDq6LOTFnr/F9B+hS4va2scH3UYNXc0h3eydWVZHByZXb2Z3ZlcnNpb24DfAFxEiA7Sb+Cw6uizkxZ6/xfQfoUuL2trHB91GDV3N
Id3snVlaJhZYGkYWtYG3h5ei5zdGF0dXNwaGVyZS5zdGF0dXMvc2VsZmFwAGF09mF22CpYJQABcRIgCxQTEyMoCS1JLejKDMABPESHchXUn7h08zd
yALPGwyBhbPZmY29tbWl02CpYJQABcRIgsHfjILMjeOqREb01mpj92TP9AadcmNt8m9fdTpvrKiFmcmViYXNl9GZ0b29CaWf0aHByZXZEYXRh2CpY
JQABcRIgnf7+Yd126j3K5QI4gLCDedV63yBILW/b4nWSifZHZ3s=`,
  'base64',
)
const ALICE = 'did:plc:k5hf4q4dqvdfqzmjxqjtosvq'
const KEY = 'did:key:zQ3shnxUFAygEv1DfiNAeT2SwjU2cmCdzZi9PgWTuVuERnKYZ'
const EMPTY_REPO = {
  rev: '3lenax2syptxp',
  data: '017112209dfefe61dd76ea3dcae5023880b08379d57adf20482d6fdbe2759289f647677b',
}
const STATUS = 'xyz.statusphere.status'

test('one frame becomes one row', async () => {
  const observer = quietObserver()
  await using store = await openStore('sqlite::memory:', { observer, migrations: 'test/support/migrations' })
  const registry = new Registry(plainHandlers([STATUS]), {
    schemas: { [STATUS]: anySchema(STATUS) },
    collections: null,
  })
  await using dispatcher = new Dispatcher({
    store,
    registry,
    observer,
    policy: { invalid: { '*': 'dead-letter' }, legacyBlobs: true },
    handling: { attempts: 3, timeoutMs: 30_000 },
    keepBodies: true,
  })

  // Before: we track Alice's repo, fetched when it was empty.
  await store.repos.add([ALICE])
  const tracked = await store.repos.get(ALICE)
  await store.repos.patch(tracked?.id ?? 0, {
    state: 'active',
    rev: EMPTY_REPO.rev,
    data: Buffer.from(EMPTY_REPO.data, 'hex'),
    signingKey: KEY,
  })

  // source: a look at the first bytes tells whose it is. Not ours? Then nothing more is decoded.
  const head = peekFrame(FRAME)
  expect(head).toEqual({ kind: 'commit', did: ALICE, seq: 4 })
  expect(store.repos.mayTrack(head.did ?? '')).toBe(true)

  // source: the event is open from here on; the cursor cannot pass it.
  const watermark = new Watermark(3)
  const close = watermark.begin(4)
  expect(watermark.value).toBe(3)

  // protocol: bytes become a message, strictly.
  const message = decodeFrame(FRAME) as CommitMessage
  expect(message.ops.map((op) => `${op.action} ${op.path}`)).toEqual([`create ${STATUS}/self`])

  // repo: what does it mean for the repo as it stands?
  const row = await store.repos.get(ALICE)
  if (row === null) throw new Error('not tracked')
  expect(decide(row, message)).toEqual({ action: 'verify', rule: null })

  // repo: signed by Alice's key, the records are in the signed tree, undoing the ops gives the tree we hold.
  const commit = verifyCommit(message, parseKey(KEY), row, {
    legacy: 'reject',
    now: Date.parse('2026-01-01'),
  })
  expect(commit).toMatchObject({ rev: '3lenax2uiykxp', legacy: false })

  // dispatch: handlers, record index, rev — one transaction.
  const outcome = await dispatcher.submit({
    repoId: row.id,
    did: ALICE,
    source: 'live',
    rev: commit.rev,
    guard: { rev: row.rev, run: row.run, state: 'active' },
    ops: commit.ops,
    run: row.run,
    mode: 'trust',
    patch: { rev: commit.rev, data: commit.data },
  })
  expect(outcome).toBe('applied')

  // source: done; now the cursor may be saved.
  close()
  expect(watermark.value).toBe(4)

  // The row, as the handler wrote it; the index with the proven bytes; the repo, one commit further.
  const rows = await store.kysely.selectFrom('rec').select(['uri', 'body']).execute()
  expect(rows).toEqual([
    {
      uri: `at://${ALICE}/${STATUS}/self`,
      body: '{"$type":"xyz.statusphere.status","status":"🦋","createdAt":"2025-01-01T00:00:00.000Z"}',
    },
  ])
  const indexed = await store.records.get(row.id, STATUS, 'self')
  expect(cidToString(indexed?.cid ?? new Uint8Array(36))).toBe(
    'bafyreialcqjrgizibewuslpizigmaaj4isdxefout64hj4zxoialhrwdea',
  )
  expect((await store.repos.get(ALICE))?.rev).toBe('3lenax2uiykxp')

  // The same frame again changes nothing: we are there already.
  const after = await store.repos.get(ALICE)
  if (after === null) throw new Error('not tracked')
  expect(decide(after, message)).toEqual({ action: 'skip', rule: 'B12' })
})
