import { type BackoffOptions, backoffMs } from '../async/backoff.ts'
import { DiscontinuousError, InvalidError } from '../errors.ts'
import { IdentityError } from '../protocol/identity.ts'
import { accountErrorOf, askedWait, XrpcError } from '../protocol/xrpc-error.ts'
import type { RepoRow } from '../store/repo-row.ts'
import { ClaimLostError } from './resync.ts'

/** What follows from a fetch that did not end well. */
export type FailureDecision =
  /** Nothing: it is somebody else's by now. */
  | { readonly kind: 'lost' }
  /** We are behind again; the repo is fine. */
  | { readonly kind: 'behind'; readonly error: string }
  /** The host's word on the account (F7). */
  | { readonly kind: 'standing'; readonly standing: string }
  /** Not this repo's failure: due again then, nothing counted. */
  | { readonly kind: 'later'; readonly error: string; readonly retryAt: number }
  /** Counted, and tried again after a growing wait (F13). */
  | {
      readonly kind: 'failed'
      readonly error: string
      /** Rule, or the kind of error: few of them, for metrics. */
      readonly reason: string
      readonly failures: number
      readonly retryAt: number
    }

/** Pure: what an error says about the repo. */
export function decideFailure(
  error: unknown,
  row: Pick<RepoRow, 'did' | 'retryCount'>,
  retry: BackoffOptions,
  now: number,
): FailureDecision {
  if (error instanceof ClaimLostError) return { kind: 'lost' }
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof DiscontinuousError && error.rule !== 'F3') return { kind: 'behind', error: message }
  const standing = accountErrorOf(error)
  if (standing !== null) return { kind: 'standing', standing }
  // The directory's trouble, not the repo's: asked again soon (E8). A did:web has a host to itself.
  const shared = !row.did.startsWith('did:web:')
  if (error instanceof IdentityError && error.kind === 'unreachable' && shared) {
    const own = backoffMs(0, { ...retry, baseMs: retry.baseMs / 3 })
    const asked = error.cause instanceof XrpcError ? (askedWait(error.cause, now) ?? 0) : 0
    const retryAt = now + Math.max(own, asked)
    return { kind: 'later', error: message, retryAt }
  }
  const limited = error instanceof XrpcError && error.status === 429
  const failures = limited ? row.retryCount : row.retryCount + 1
  const retryAt = now + backoffMs(Math.max(0, failures - 1), retry)
  return { kind: 'failed', error: message, reason: reasonOf(error), failures, retryAt }
}

function reasonOf(error: unknown): string {
  if (error instanceof InvalidError || error instanceof DiscontinuousError) return error.rule
  if (error instanceof XrpcError) return error.status === null ? error.code : `http-${error.status}`
  return error instanceof IdentityError ? error.code : 'other'
}

/**
 * Whether an error is the host's state and not the repo's (F8), and for how long the host asked to be left alone
 * (null: it did not say).
 */
export function hostTroubleOf(error: unknown, now: number): { readonly askedMs: number | null } | null {
  if (!(error instanceof XrpcError) || accountErrorOf(error) !== null) return null
  const limited = error.status === 429
  if (!limited && error.status !== null && error.status < 500) return null
  if (error.status === null && !error.retry) return null
  return { askedMs: askedWait(error, now) }
}
