import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import { cidForBlock, cidToString } from '../../src/protocol/cid.ts'
import { RepoWalk, type RepoWalkOptions, type WalkedRecord } from '../../src/protocol/walk.ts'
import { type RepoBytes, repoOf, type Section } from './repo-bytes.ts'

/** A folder for scratch files; it goes with the test file. */
export const temporary: string = mkdtempSync(join(tmpdir(), 'lextap-walk-test-'))
afterAll(() => rmSync(temporary, { recursive: true }))

/** What came of a walk. */
export interface Walked {
  /** Path to CID and decoded record, for records given while the CAR came and at its end. */
  readonly records: Map<string, string>
  readonly streamed: number
  readonly deferred: boolean
  readonly did: string | undefined
}

/** Walks a CAR in chunks of `size` and takes everything; fails when a path comes twice. */
export function walk(car: Uint8Array, size = 1000, options: RepoWalkOptions = {}): Walked {
  using walker = new RepoWalk({ dir: temporary, ...options })
  const records = new Map<string, string>()
  const take = (batch: readonly WalkedRecord[]) => {
    for (const { collection, rkey, cid, block } of batch) {
      const path = `${collection}/${rkey}`
      expect(records.has(path), `twice: ${path}`).toBe(false)
      expect(cidForBlock(block)).toEqual(Uint8Array.from(cid))
      records.set(path, cidToString(cid))
    }
  }
  for (let at = 0; at < car.length; at += size) take(walker.push(car.subarray(at, at + size)))
  const streamed = records.size
  for (const batch of walker.finish()) take(batch)
  return { records, streamed, deferred: walker.deferred, did: walker.commit?.did }
}

export const truth = (repo: RepoBytes): Map<string, string> =>
  new Map([...repo.paths].map(([path, cid]) => [path, cidToString(cid)]))
export const body = (i: number): Record<string, unknown> => ({
  $type: 'com.example.a',
  n: i,
  text: 'x'.repeat(i % 50),
})
export const paths = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `com.example.${'abc'[i % 3]}/${(i * 7919).toString(36)}`)
export const isNode = ([, block]: Section): boolean => block[0] === 0xa2 && block[2] === 0x65
export const refused: unknown = expect.objectContaining({ rule: 'F3' })

export const small: RepoBytes = repoOf(paths(40).map((path, i) => [path, body(i)] as const))
export const large: RepoBytes = repoOf(paths(1500).map((path, i) => [path, body(i)] as const))
