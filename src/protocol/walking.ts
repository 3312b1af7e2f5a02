import type { SignedCommit } from './commit.ts'
import { RepoWalk, type RepoWalkOptions, type WalkedRecord } from './walk.ts'

/** What the bytes so far have proven: the records that came since the step before, and the commit once it is known. */
export interface Walked {
  readonly commit: SignedCommit | null
  readonly records: readonly WalkedRecord[]
}

/**
 * Walks the CAR of one repo as it arrives: see {@link RepoWalk}, whose errors it throws. Only when it has ended
 * is the tree known to be complete. Pieces are kept, so they must not be reused; leaving early ends `pieces`.
 */
export type WalkCar = (pieces: AsyncIterable<Uint8Array>) => AsyncIterable<Walked>

/** In this thread. */
export async function* walkHere(
  pieces: AsyncIterable<Uint8Array>,
  options: RepoWalkOptions = {},
): AsyncGenerator<Walked, void, void> {
  using walk = new RepoWalk(options)
  for await (const piece of pieces) {
    const records = walk.push(piece)
    yield { commit: walk.commit, records }
  }
  for (const records of walk.finish()) yield { commit: walk.commit, records }
}
