import type { RetryOutcome } from '../dispatch/work.ts'
import type { Store } from '../store/store.ts'
import type { StatusView } from './ui/view.ts'

/** What the server asks of the running tap. */
export interface ServerPorts {
  /** Starts following; returns how many were new. */
  addRepos(dids: readonly string[]): Promise<number>
  /** False when it was not tracked. With `exclude` discovery leaves it alone from then on. */
  removeRepo(did: string, options: { keepRows: boolean; exclude: boolean }): Promise<boolean>
  /** Fetches a repo anew; false when it is not tracked. */
  resync(did: string): Promise<boolean>
  /** The DID document; null when there is no such DID. */
  resolveDid(did: string, signal: AbortSignal): Promise<object | null>
  /** Applies a dead letter again. */
  retryDeadLetter(id: number): Promise<RetryOutcome>
  /** Everything a person wants to know, as JSON. */
  status(): Promise<StatusView>
  /** Seq of the stream, and where the listing of repos stands. */
  cursors(): Promise<{ firehose: number | null; listRepos: string | null }>
  /** Whether the stream is followed and every repo was fetched once. */
  ready(): Promise<{ ready: boolean; [fact: string]: unknown }>
}

/** Reads of the store that the server makes itself. */
export type ServerStore = Pick<
  Store,
  'repos' | 'records' | 'buffer' | 'outbox' | 'deadLetters' | 'db' | 'url'
>
