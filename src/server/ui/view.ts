import type { DeadLetter } from '../../store/dead-letters.ts'
import type { RejectionCounts } from '../../store/rejections.ts'
import type { RepoRow } from '../../store/repo-row.ts'
import type { Verdict } from '../health.ts'

type Counts = Readonly<Record<string, number>>

/** What the page shows of a running tap's status. */
export interface StatusView {
  readonly relay: {
    readonly url: string
    readonly connected: boolean
    readonly cursor: number | null
    /** Events read and not finished. */
    readonly open: number
    /** How old the newest event was when it was read. */
    readonly lagMs: number | null
  }
  readonly repos: { readonly total: number; readonly states: Counts; readonly standings: Counts }
  readonly backfill: {
    readonly fetching: number
    readonly idle: number
    /** Records and repos fetched since the start. */
    readonly records: number
    readonly done: number
    readonly perSecond: { readonly repos: number; readonly records: number } | null
    readonly left: {
      readonly repos: number
      readonly etaMs: number | null
      readonly waiting: { readonly repos: number; readonly hosts: number }
      readonly failing: number
    }
  }
  readonly listings: readonly { readonly list: string; readonly listed: number; readonly rounds: number }[]
  readonly rejections: RejectionCounts
  readonly replay: {
    readonly phase: string
    readonly done: number
    readonly total: number | null
    readonly letters: number
    readonly etaMs: number | null
  } | null
  readonly bodies: { readonly kept: boolean; readonly bytes: number }
  readonly outbox: {
    readonly waiting: number
    readonly inFlight: number
    readonly clients: number
    readonly full: boolean
  } | null
}

/** What is read from the database for the page. */
export interface Stored {
  readonly status: StatusView
  readonly database: { readonly url: string; readonly bytes: number }
  readonly letters: { readonly total: number; readonly kinds: Counts; readonly newest: readonly DeadLetter[] }
  /** Events the webhook never took. */
  readonly undelivered: number
  /** Some of those whose fetch failed. */
  readonly failing: readonly RepoRow[]
}

/** One state of the page. */
export interface View {
  readonly health: Verdict
  /** Since the process started, ms. */
  readonly uptimeMs: number
  readonly now: Date
  /** Why there is nothing of the database; it is down, or does not answer. */
  readonly stored: Stored | { readonly error: string }
}
