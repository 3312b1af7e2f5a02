import { randomUUID } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Meta } from '../store/meta.ts'
import type { Store } from '../store/store.ts'
import { type Estimate, estimate, type Left, type SchedulerProgress } from './progress.ts'

const PREFIX = 'backfill/'
/** Written anew at least so often by a process that runs, ms; one that is three times as old is nobody's. */
const AT_LEAST_MS = 10_000
/** Hosts named in a note. */
const MOST_NAMES = 500

/** What the running processes are at, and what is left. */
export interface BackfillNote extends SchedulerProgress {
  /** How many processes run on the database. */
  readonly processes: number
  readonly left: Estimate
}

interface Note {
  readonly at: number
  readonly by?: Writer
  readonly progress: SchedulerProgress
  readonly stuck: readonly string[]
}

/** A process: its id means something where it runs alone. */
interface Writer {
  readonly where: string
  readonly pid: number
}

/** What a running process writes down of its backfill, so that `lextap status` can show it. */
export class BackfillNotes {
  readonly #meta: Meta
  readonly #by: Writer
  readonly #key: string = `${PREFIX}${randomUUID()}`
  #saved = ''
  #savedAt = 0

  constructor(meta: Meta, pid: number = process.pid) {
    this.#meta = meta
    this.#by = { where: whereabouts(), pid }
  }

  /** Call every few seconds. */
  async save(progress: SchedulerProgress, stuck: readonly string[], now: number = Date.now()): Promise<void> {
    const note: Note = { at: 0, by: this.#by, progress, stuck: stuck.slice(0, MOST_NAMES) }
    const text = JSON.stringify(note)
    if (text === this.#saved && now - this.#savedAt < AT_LEAST_MS) return
    await this.#meta.set(this.#key, JSON.stringify({ ...note, at: now }))
    this.#saved = text
    this.#savedAt = now
  }

  /** Nobody else runs: what is written down is of processes that were killed. */
  async sweep(): Promise<void> {
    for (const key of (await this.#meta.list(PREFIX)).keys()) await this.#meta.delete(PREFIX + key)
  }

  /** This process runs no more. */
  async end(): Promise<void> {
    await this.#meta.delete(this.#key)
  }
}

/** How many repos are to be fetched; postponed are those not due yet or on hosts that are stuck. */
export async function leftOf({ repos }: Store, stuck: readonly string[]): Promise<Left> {
  return {
    repos: await repos.unsettled(),
    postponed: await repos.postponed(Date.now(), stuck),
    failing: await repos.failing(),
  }
}

/** What the processes that run on a database have written down, taken together; null when none runs. */
export async function readBackfill(store: Store, now: number = Date.now()): Promise<BackfillNote | null> {
  const all = [...(await store.meta.list(PREFIX)).values()].map((text) => JSON.parse(text) as Note)
  const notes = all.filter(({ at, by }) => now - at < 3 * AT_LEAST_MS && !isDead(by))
  if (notes.length === 0) return null
  const progress = notes.map((note) => note.progress).reduce(together)
  const stuck = [...new Set(notes.flatMap((note) => note.stuck))]
  return { processes: notes.length, ...progress, left: estimate(progress, await leftOf(store, stuck)) }
}

/** The machine, and on Linux the container: that of a host's network may have the host's name. */
function whereabouts(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

/** Whether the process is surely gone: killed, it could not take its note back. Notes of older versions name none. */
function isDead(by: Writer | undefined): boolean {
  if (by === undefined || by.where !== whereabouts()) return false
  try {
    process.kill(by.pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
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
