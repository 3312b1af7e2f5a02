/** What is to be replayed. Stored as JSON until it is done. */
export interface ReplayJob {
  readonly id: string
  /** Collection → names of the handlers to call; null for all of them. */
  readonly collections: Readonly<Record<string, readonly string[] | null>>
  /** Only these accounts; null for all. */
  readonly dids: readonly string[] | null
  /** The user's tables are rebuilt from empty, all but those to keep; null when rows are written over. */
  readonly fresh: { readonly keep: readonly string[] } | null
  /** Versions of the handlers that whoever asked had in mind, by name. */
  readonly versions: Readonly<Record<string, number>>
  /** Why, in words; empty for one that was asked for. */
  readonly reasons: readonly string[]
}

/** A place in the record index: everything up to and with it was replayed. */
export interface Position {
  readonly repoId: number
  readonly collectionId: number
  readonly rkey: string
}

/** How far a job has come; written in the transaction of every batch. */
export interface ReplayProgress {
  readonly id: string
  /** `prepare`: the tables are being emptied or made · `accounts`: identities and standings · `records`. */
  readonly phase: 'prepare' | 'accounts' | 'records'
  /** Records to replay, as counted at the start; null while they are not counted. */
  readonly total: number | null
  readonly done: number
  /** Records of which no body was kept. */
  readonly missing: number
  /** Dead letters written. */
  readonly letters: number
  readonly after: Position
  /** Newest repo at the start: those after it were handled by the present handlers. */
  readonly lastRepo: number
  /** Time spent on it, ms. */
  readonly spentMs: number
  /** Who is at it, null for nobody. */
  readonly owner: string | null
  /** The owner's process as the database server knows it, null where there is none. Absent in old jobs. */
  readonly process?: string | null
  /** Until when nobody else takes it over unless that process is gone, ms since 1970. */
  readonly lease: number
}

/** A job that ended. */
export interface ReplayResult {
  readonly id: string
  readonly done: number
  readonly missing: number
  readonly letters: number
  readonly spentMs: number
  /** ISO. */
  readonly finishedAt: string
  /** Why it could not be done; null when it was. */
  readonly error: string | null
}

export const BEGINNING: Position = { repoId: 0, collectionId: 0, rkey: '' }

export const notBegun = (id: string): ReplayProgress => ({
  id,
  phase: 'prepare',
  total: null,
  done: 0,
  missing: 0,
  letters: 0,
  after: BEGINNING,
  lastRepo: 0,
  spentMs: 0,
  owner: null,
  lease: 0,
})

/** Whether two jobs are the same work: order does not count. */
export function sameWork(a: ReplayJob, b: ReplayJob): boolean {
  return workOf(a) === workOf(b)
}

/** Whether two jobs are for the same versions of the same handlers. */
export function sameVersions(a: ReplayJob, b: ReplayJob): boolean {
  const sorted = ({ versions }: ReplayJob) => JSON.stringify(Object.entries(versions).sort())
  return sorted(a) === sorted(b)
}

function workOf({ collections, dids, fresh }: ReplayJob): string {
  const sorted = Object.entries(collections).map(([name, handlers]) => [
    name,
    handlers === null ? null : handlers.toSorted(),
  ])
  return JSON.stringify([sorted.sort(), dids === null ? null : dids.toSorted(), fresh?.keep.toSorted()])
}

/** One job that does the work of both, for all accounts of either. */
export function joined(a: ReplayJob, b: ReplayJob): ReplayJob {
  const collections: Record<string, readonly string[] | null> = { ...a.collections }
  for (const [name, handlers] of Object.entries(b.collections)) {
    const before = collections[name]
    collections[name] =
      before === undefined
        ? handlers
        : before === null || handlers === null
          ? null
          : [...new Set([...before, ...handlers])]
  }
  return {
    id: b.id,
    collections,
    dids: a.dids === null || b.dids === null ? null : [...new Set([...a.dids, ...b.dids])],
    fresh: a.fresh ?? b.fresh,
    versions: { ...a.versions, ...b.versions },
    reasons: [...a.reasons, ...b.reasons],
  }
}
