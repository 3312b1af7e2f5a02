import { InvalidError } from '../errors.ts'
import { cidToString } from '../protocol/cid.ts'
import type { SignedCommit } from '../protocol/commit.ts'
import { RepoWalk, type WalkedRecord } from '../protocol/walk.ts'
import { checkRepoCommit, notSigned, signedBy } from './verify-repo.ts'

/** What the CAR of a whole repo is worth. What is not known of it is null. */
export interface RepoJudgement {
  readonly did: string | null
  readonly rev: string | null
  /** CID of the tree's root. */
  readonly data: string | null
  /** Records proven against the root. */
  readonly records: number
  readonly verdict: 'ok' | 'invalid'
  readonly rule: string | null
  readonly reason: string
}

export interface CarOptions {
  /** Whose repo it must be; null for whoever it says. */
  readonly did: string | null
  /** The account's signing key as did:key. `unchecked` when nobody can say. Throws InvalidError B11. */
  readonly keyOf: (did: string) => Promise<string | 'unchecked'>
  /** Hears of every record when its chain of hashes from the root is complete. */
  readonly onRecord: (record: WalkedRecord) => void
  readonly now?: number
}

/** Checks a repo by the rules a backfill keeps (F3): commit, signature, every hash, the tree's form, completeness. */
export async function judgeCar(
  chunks: AsyncIterable<Uint8Array>,
  options: CarOptions,
): Promise<RepoJudgement> {
  using walk = new RepoWalk()
  let records = 0
  const take = (batch: readonly WalkedRecord[]) => {
    records += batch.length
    for (const record of batch) options.onRecord(record)
  }
  const facts = () => ({
    did: walk.commit?.did ?? null,
    rev: walk.commit?.rev ?? null,
    data: walk.commit === null ? null : cidToString(walk.commit.data),
    records,
  })
  try {
    let checked = false
    for await (const chunk of chunks) {
      const batch = walk.push(chunk)
      if (!checked && walk.commit !== null) {
        await check(walk.commit, options)
        checked = true
      }
      take(batch)
    }
    for (const batch of walk.finish()) {
      if (!checked && walk.commit !== null) {
        await check(walk.commit, options)
        checked = true
      }
      take(batch)
    }
    if (walk.commit === null) throw new InvalidError('F3', 'the car holds no commit')
    if (!checked) await check(walk.commit, options)
    return { ...facts(), verdict: 'ok', rule: null, reason: '' }
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error
    return { ...facts(), verdict: 'invalid', rule: error.rule, reason: error.message }
  }
}

async function check(commit: SignedCommit, options: CarOptions): Promise<void> {
  checkRepoCommit(commit, options.did, options.now ?? Date.now())
  const key = await options.keyOf(commit.did)
  if (key !== 'unchecked' && !signedBy(commit, key)) throw notSigned(commit)
}
