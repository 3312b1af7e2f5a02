import { cidEquals } from '../protocol/cid.ts'
import type { Identity } from '../protocol/identity.ts'
import type { AccountMessage, CommitMessage, SyncMessage } from '../protocol/message.ts'
import type { RepoPatch, RepoRow, Standing } from '../store/repo-row.ts'

/** What to do with a commit or sync of a tracked repo. Nothing has been verified yet. */
export type Decision =
  /** Nothing, and nothing is lost by it: E3, C7 the account is not active · F1 the fetch to come contains it. */
  | { readonly action: 'ignore'; readonly rule: 'E3' | 'C7' | 'F1' }
  /** We are there already. */
  | { readonly action: 'skip'; readonly rule: 'B12' | 'C4' }
  /** Keep the frame until the fetch under way has cut over. */
  | { readonly action: 'buffer'; readonly rule: 'F5' | 'C6' }
  /** Its last fetch failed: news that verifies by itself is a reason to try again before the time. */
  | { readonly action: 'hurry'; readonly rule: 'F13' }
  /** `verifyCommit`, then apply; or `verifySync`, then `decideSync`. */
  | { readonly action: 'verify'; readonly rule: null }
  /** The row cannot say what follows it. */
  | { readonly action: 'resync'; readonly rule: 'B19'; readonly reason: string }

export interface DecideOptions {
  /**
   * True when repos are fetched from a mirror that may be behind the stream: commits are then kept from the
   * moment the repo is known. A PDS is never behind what it sent, so its fetch contains them. Default false.
   */
  readonly mirror?: boolean
}

/** The table of docs/states.md for commits and syncs of one tracked repo. Pure. */
export function decide(
  row: Pick<RepoRow, 'standing' | 'state' | 'rev' | 'data'>,
  message: CommitMessage | SyncMessage,
  options: DecideOptions = {},
): Decision {
  const sync = message.kind === 'sync'
  // A repo that is not active brings nothing; E5 resyncs what was missed.
  if (row.standing !== 'active') return { action: 'ignore', rule: sync ? 'C7' : 'E3' }
  if (row.rev !== null && message.rev <= row.rev) return { action: 'skip', rule: sync ? 'C4' : 'B12' }
  if (row.state === 'resyncing' || (row.state !== 'active' && options.mirror === true)) {
    return { action: 'buffer', rule: sync ? 'C6' : 'F5' }
  }
  if (row.state === 'error') return { action: 'hurry', rule: 'F13' }
  if (row.state !== 'active') return { action: 'ignore', rule: 'F1' }
  if (row.rev === null || row.data === null) {
    return { action: 'resync', rule: 'B19', reason: 'the repo is active without a head' }
  }
  return { action: 'verify', rule: null }
}

/** What an `#account` message means for the repo. */
export type AccountDecision =
  /** Old news (E9). */
  | { readonly action: 'skip'; readonly rule: 'E9' }
  /** Write the standing, tell `onAccount`, then do what follows from it. */
  | {
      readonly action: 'standing'
      readonly from: Standing
      readonly to: Standing
      /** `resync` reactivated (E5) · `remove` deleted: records, then the row, in batches (E4). */
      readonly next: 'resync' | 'remove' | null
    }

export function decideAccount(
  row: Pick<RepoRow, 'standing' | 'accountSeq'>,
  /** Without a seq: an answer to a question, and no event. */
  message: Pick<AccountMessage, 'active' | 'status'> & { readonly seq: number | null },
): AccountDecision {
  const { standing: from, accountSeq } = row
  // The stream began again before it (a crash, a reconnect): this was done already.
  if (accountSeq !== null && message.seq !== null && message.seq <= accountSeq)
    return { action: 'skip', rule: 'E9' }
  const to = standingOf(message)
  // What began to be deleted is deleted; whoever comes back under the DID is added anew.
  if (to === from || from === 'deleted') return { action: 'skip', rule: 'E9' }
  const next = to === 'active' ? 'resync' : to === 'deleted' ? 'remove' : null
  return { action: 'standing', from, to, next }
}

/** E1, E6: `active` rules whatever the status says; unknown statuses are kept as text. */
export function standingOf(message: { readonly active: boolean; readonly status: string | null }): Standing {
  if (message.active) return 'active'
  // `active` as the status of an inactive account would make it look active to us.
  return message.status === null || message.status === '' || message.status === 'active'
    ? 'inactive'
    : message.status
}

/** What a verified `#sync` means: `advance` the rev alone when the tree is the same (C4), else `resync` (C5). */
export function decideSync(
  head: { readonly rev: string | null; readonly data: Uint8Array | null },
  sync: { readonly rev: string; readonly data: Uint8Array },
): 'skip' | 'advance' | 'resync' {
  if (head.rev !== null && sync.rev <= head.rev) return 'skip'
  return head.data !== null && cidEquals(head.data, sync.data) ? 'advance' : 'resync'
}

interface Change {
  readonly from: string | null
  readonly to: string | null
}

/** What a fresh identity changes of a repo. */
export interface IdentityDecision {
  readonly patch: RepoPatch
  /** What changed, with the value before (D6). */
  readonly changed: { readonly handle?: Change; readonly pds?: Change; readonly signingKey?: Change }
  /** The account moved to another PDS (D4). */
  readonly resync: boolean
}

/** Compares a resolved identity with the row; null when nothing changed (D6), `remove` for a tombstone (E7). */
export function decideIdentity(row: RepoRow, identity: Identity): IdentityDecision | 'remove' | null {
  if (identity.tombstoned) return 'remove'
  const { pds, signingKey } = identity
  // A claim that was not checked this time says nothing about the handle.
  const unchecked = identity.handle === null && identity.claimedHandle !== null
  const handle = unchecked ? row.handle : identity.handle
  const fresh = { handle, pds, signingKey }
  const fields = (['handle', 'pds', 'signingKey'] as const).filter((name) => row[name] !== fresh[name])
  if (fields.length === 0) return null
  return {
    patch: Object.fromEntries(fields.map((name) => [name, fresh[name]])),
    changed: Object.fromEntries(fields.map((name) => [name, { from: row[name], to: fresh[name] }])),
    resync: row.pds !== null && pds !== null && row.pds !== pds,
  }
}
