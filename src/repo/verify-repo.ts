import { InvalidError } from '../errors.ts'
import type { SignedCommit } from '../protocol/commit.ts'
import { parseKey } from '../protocol/key.ts'
import { verifySignature } from '../protocol/signature.ts'
import { isAhead } from './verify.ts'

/**
 * The root commit of a whole repo: whose it is and that its rev is not ahead of our clock (F3, B13). Its version was
 * checked when it was decoded; the signature is `signedBy`'s. `did` null: whoever it says.
 */
export function checkRepoCommit(commit: SignedCommit, did: string | null, now: number): void {
  if (did !== null && commit.did !== did) {
    throw new InvalidError('F3', `the repo is another account's; did=${did}; commit did=${commit.did}`)
  }
  if (isAhead(commit.rev, now)) {
    throw new InvalidError('B13', `rev lies in the future; did=${commit.did}; rev=${commit.rev}`)
  }
}

/** Whether the commit is signed by this key, a `did:key`. */
export function signedBy(commit: SignedCommit, signingKey: string): boolean {
  return verifySignature(parseKey(signingKey), commit.signedBytes, commit.sig)
}

/** F3: the signature is by nobody who may sign for this account. */
export function notSigned(commit: SignedCommit): InvalidError {
  return new InvalidError(
    'F3',
    `the repo is not signed by the account's key; did=${commit.did}; rev=${commit.rev}`,
  )
}
