import { randomUUID } from 'node:crypto'
import type { Meta } from '../store/meta.ts'
import type { Store } from '../store/store.ts'
import { type Estimate, estimate, type SchedulerProgress } from './progress.ts'

const PREFIX = 'backfill/'
/** Written anew at least so often by a process that runs, ms; one that is three times as old is nobody's. */
const AT_LEAST_MS = 10_000

/** What the running processes are at, and what is left. */
export interface BackfillNote extends SchedulerProgress {
  /** How many processes run on the database. */
  readonly processes: number
  readonly left: Estimate
}

/** What a running process writes down of its backfill, so that `lextap status` can show it. */
export class BackfillNotes {
  readonly #meta: Meta
  readonly #key: string = `${PREFIX}${randomUUID()}`
  #saved = ''
  #savedAt = 0

  constructor(meta: Meta) {
    this.#meta = meta
  }

  /** Call every few seconds. */
  async save(progress: SchedulerProgress, now: number = Date.now()): Promise<void> {
    const text = JSON.stringify(progress)
    if (text === this.#saved && now - this.#savedAt < AT_LEAST_MS) return
    await this.#meta.set(this.#key, JSON.stringify({ at: now, ...progress }))
    this.#saved = text
    this.#savedAt = now
  }

  /** This process runs no more. */
  async end(): Promise<void> {
    await this.#meta.delete(this.#key)
  }
}

/** How many repos are to be fetched, and how many of them are not due yet. */
export async function leftOf({ repos }: Store): Promise<{ repos: number; postponed: number }> {
  return { repos: await repos.unsettled(), postponed: await repos.postponed(Date.now()) }
}

/** What the processes that run on a database have written down, taken together; null when none runs. */
export async function readBackfill(store: Store, now: number = Date.now()): Promise<BackfillNote | null> {
  const notes: SchedulerProgress[] = []
  for (const text of (await store.meta.list(PREFIX)).values()) {
    const { at, ...progress } = JSON.parse(text) as SchedulerProgress & { at: number }
    if (now - at < 3 * AT_LEAST_MS) notes.push(progress)
  }
  if (notes.length === 0) return null
  const all = notes.reduce(together)
  return { processes: notes.length, ...all, left: estimate(all, await leftOf(store)) }
}

function together(a: SchedulerProgress, b: SchedulerProgress): SchedulerProgress {
  const sum = <K extends string>(x: Record<K, number>, y: Record<K, number>) =>
    Object.fromEntries(Object.entries<number>(x).map(([k, n]) => [k, n + y[k as K]])) as Record<K, number>
  const { perSecond: fast, mean: size, stuck: silent, ...counts } = a
  const { perSecond, mean, stuck, ...more } = b
  return {
    ...sum(counts, more),
    stuck: { repos: silent.repos + stuck.repos, hosts: Math.max(silent.hosts, stuck.hosts) },
    perSecond: fast === null ? perSecond : perSecond === null ? fast : sum(fast, perSecond),
    mean: (a.done >= b.done ? size : mean) ?? size ?? mean,
  }
}
