import { beforeAll, expect, test } from 'vitest'
import { grown, now, path, record, ruleOf, sectionsOf, verify } from '../../test/support/bent-commit.ts'
import { newKey, type SignedRepo } from '../../test/support/signed-repo.ts'
import { InvalidError } from '../errors.ts'
import { parseKey } from '../protocol/key.ts'
import type { CommitMessage } from '../protocol/message.ts'
import { tidFromMicros } from '../protocol/tid.ts'
import { type Head, verifySync } from './verify.ts'

let flips: { repo: SignedRepo; head: Head; message: CommitMessage }
beforeAll(async () => {
  const { repo, head } = await grown()
  flips = {
    repo,
    head,
    message: await repo.commit([
      [path('new'), record('new')],
      [path(3), record('changed')],
      [path(7), null],
    ]),
  }
})

test('no flipped bit of the blocks changes what is accepted', () => {
  const { repo, head, message } = flips
  const untouched = verify(repo, message, head)
  const accepted: number[] = []
  for (let at = 0; at < message.blocks.length; at++) {
    const blocks = Uint8Array.from(message.blocks)
    blocks[at] = (blocks[at] ?? 0) ^ (1 << (at % 8))
    try {
      expect(verify(repo, { ...message, blocks }, head)).toEqual(untouched)
      accepted.push(at)
    } catch (error) {
      if (!(error instanceof InvalidError) || /unexpected way/.test(error.message)) throw error
    }
  }
  expect(accepted).toEqual([])
})

test('C1: a sync is a car with the commit block', async () => {
  const { repo } = await grown()
  const message = await repo.sync()
  const key = parseKey(repo.key.did())
  expect(verifySync(message, key)).toEqual({ rev: repo.rev, data: repo.data })
  const withBlocks = (blocks: Uint8Array) => ruleOf(() => verifySync({ ...message, blocks }, key))
  expect(withBlocks(new Uint8Array(0))).toBe('C1')
  expect(withBlocks(new Uint8Array(2_000_001))).toBe('C1')
  const [header] = sectionsOf(message.blocks)
  expect(withBlocks(header as Uint8Array)).toBe('C1')
  expect(withBlocks(message.blocks.subarray(0, -1))).toBe('B6')
})

test('C2: a sync names the repo and rev that were signed', async () => {
  const { repo } = await grown()
  const message = await repo.sync()
  const key = parseKey(repo.key.did())
  expect(ruleOf(() => verifySync({ ...message, did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' }, key))).toBe('C2')
  expect(ruleOf(() => verifySync({ ...message, rev: tidFromMicros(now * 1000) }, key))).toBe('C2')
})

test('C3: a sync is signed with the current key', async () => {
  const { repo } = await grown()
  const message = await repo.sync()
  const other = parseKey((await newKey('k256')).did())
  expect(ruleOf(() => verifySync(message, other))).toBe('C3')
})

test('B13: a sync from the future is rejected', async () => {
  const { repo } = await grown()
  const message = await repo.sync()
  const key = parseKey(repo.key.did())
  expect(ruleOf(() => verifySync(message, key, { now: now - 24 * 3_600_000 }))).toBe('B13')
})
