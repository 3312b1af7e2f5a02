import type { SchedulerProgress } from './backfill/progress.ts'
import type { ResolvedConfig } from './config/types.ts'
import { fetchRawDidDocument, IdentityError } from './protocol/did-fetch.ts'
import type { XrpcClient } from './protocol/xrpc.ts'
import type { Probe } from './server/health.ts'
import type { ServerPorts } from './server/ports.ts'
import type { SourceStatus } from './source/source.ts'
import type { Store } from './store/store.ts'

/** What the server's side may ask of a running tap. */
interface Served {
  readonly store: Store
  readonly stream: SourceStatus
  readonly listed: boolean
  readonly scheduler: { readonly progress: SchedulerProgress }
  readonly serving: {
    readonly waitingFor: string | null
    readonly delivering: { readonly open: number; readonly done: number }
  }
  addRepos(dids: readonly string[]): Promise<number>
  remove(did: string, options: { keepRows: boolean; exclude: boolean }): Promise<boolean>
  resync(did: string): Promise<boolean>
  retryDeadLetter: ServerPorts['retryDeadLetter']
  status(): ReturnType<ServerPorts['status']>
  cursors(): ReturnType<ServerPorts['cursors']>
}

/** The endpoints' view of a running tap. */
export function portsOf(tap: Served, plc: string, xrpc: XrpcClient): ServerPorts {
  return {
    addRepos: (dids) => tap.addRepos(dids),
    removeRepo: (did, options) => tap.remove(did, options),
    resync: (did) => tap.resync(did),
    retryDeadLetter: (id) => tap.retryDeadLetter(id),
    status: () => tap.status(),
    resolveDid: async (did, signal) => {
      try {
        return (await fetchRawDidDocument(did, plc, xrpc, signal)) as object | null
      } catch (error) {
        if (error instanceof IdentityError && error.kind === 'not-found') return null
        throw error
      }
    },
    cursors: () => tap.cursors(),
    ready: async () => {
      const { pending, resyncing } = (await tap.store.repos.counts()).states
      const { connected } = tap.stream
      const { listed } = tap
      return {
        ready: connected && listed && pending + resyncing === 0,
        connected,
        listed,
        pending,
        resyncing,
      }
    },
  }
}

/** What `/health` looks at: work that waits and makes no progress. */
export function probesOf(tap: Served, { handling, backfill }: ResolvedConfig): Record<string, Probe> {
  return {
    stream: () => ({
      open: tap.stream.open,
      done: String(tap.stream.cursor),
      waitingFor: tap.serving.waitingFor,
      // Every attempt of a handler may take its time, and a batch has many.
      stuckMs: Math.max(120_000, 2 * handling.attempts * handling.timeoutMs),
    }),
    backfill: () => {
      const { fetching, done, failed, bytes } = tap.scheduler.progress
      return {
        open: fetching,
        done: `${done} ${failed} ${bytes}`,
        waitingFor: tap.serving.waitingFor,
        stuckMs: 2 * backfill.stallMs,
      }
    },
    // Whoever takes the events may take their time; the table may not.
    delivery: () => {
      const { open, done } = tap.serving.delivering
      return { open, done: String(done), waitingFor: null, stuckMs: 120_000 }
    },
  }
}
