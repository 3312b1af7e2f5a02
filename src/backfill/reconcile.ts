import { LextapError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import { standingOf } from '../repo/decide.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import type { ListedRepo } from './list-repos.ts'
import type { SeenIds } from './unlisted.ts'

export interface ReconcileDeps {
  readonly store: Store
  readonly observer: Observer
  /** A repo is due for a fetch. */
  readonly onDue: () => void
  /** How long a suspect is given to catch up by itself, ms. */
  readonly graceMs: number
  /** Suspects held at once, about 300 bytes each: past it the listing waits for those before. Default 50000. */
  readonly maxWaiting?: number
  /**
   * The listing says another standing than we have: asks the host and takes its answer over, in the repo's lane
   * (rule E10). Whether that changed anything.
   */
  readonly askStanding: (did: string) => Promise<boolean>
}

/** What a listing says that we do not. */
interface Suspect {
  readonly did: string
  readonly rev: string | null
  readonly active: boolean | null
  readonly status: string | null
}

/**
 * Finds quiet repos that fell behind (rules A4, F12) and accounts whose standing changed unheard: a listing
 * tells each repo's rev and standing. What differs may just be a message still on its way to us, so a suspect is
 * looked at twice: only what still differs from the *listed* state after the grace time is acted upon.
 */
export class Reconcile {
  readonly #deps: ReconcileDeps
  readonly #waiting = new Map<NodeJS.Timeout, readonly Suspect[]>()
  #judging: Promise<unknown> = Promise.resolve()
  #held = 0
  #room: PromiseWithResolvers<void> = Promise.withResolvers()
  #stopped = false
  /** Repos found behind so far. */
  found = 0
  /** Takes the ids of all repos that are listed. */
  seen: SeenIds | null = null

  constructor(deps: ReconcileDeps) {
    this.#deps = deps
  }

  /** Compares one page. */
  async compare(repos: readonly ListedRepo[]): Promise<void> {
    while (this.#held >= (this.#deps.maxWaiting ?? 50_000) && !this.#stopped) await this.#room.promise
    const { repos: tracked } = this.#deps.store
    const rows = await tracked.among(repos.map(({ did }) => did).filter((did) => tracked.mayTrack(did)))
    const suspects: Suspect[] = []
    for (const suspect of repos) {
      const row = rows.get(suspect.did)
      if (row === undefined) continue
      this.seen?.add(row.id)
      if (differs(row, suspect) !== null) suspects.push(suspect)
    }
    if (suspects.length === 0 || this.#stopped) return
    const timer = setTimeout(() => void this.#judge(timer), this.#deps.graceMs)
    this.#waiting.set(timer, suspects)
    this.#held += suspects.length
  }

  /** Judges whoever waits at once; resolves when that is done. */
  async judgeNow(): Promise<void> {
    for (const timer of [...this.#waiting.keys()]) void this.#judge(timer)
    await this.#judging
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#waiting.keys()) clearTimeout(timer)
    this.#waiting.clear()
    this.#room.resolve()
    await this.#judging
  }

  /** One after another, whatever comes of it. */
  #judge(timer: NodeJS.Timeout): Promise<unknown> {
    const suspects = this.#waiting.get(timer) ?? []
    this.#waiting.delete(timer)
    clearTimeout(timer)
    this.#judging = this.#judging.then(async () => {
      for (const suspect of suspects) {
        if (this.#stopped) return
        try {
          await this.#act(suspect)
        } catch (error) {
          if (this.#stopped) return
          if (!(error instanceof LextapError))
            this.#deps.observer.log.error({ err: error }, 'comparing failed')
          else this.#deps.observer.log.warn({ err: error, did: suspect.did }, 'comparing a repo failed')
        }
      }
      this.#held -= suspects.length
      this.#room.resolve()
      this.#room = Promise.withResolvers()
      this.#deps.onDue()
    })
    return this.#judging
  }

  async #act(suspect: Suspect): Promise<void> {
    const { store, askStanding } = this.#deps
    const row = await store.repos.get(suspect.did)
    const what = row === null ? null : differs(row, suspect)
    if (what === 'standing') {
      if (await askStanding(suspect.did)) this.found++
    } else if (row !== null && what === 'rev') {
      if (await this.#fetchAgain(row, `behind the listed rev ${suspect.rev}`)) this.found++
    }
  }

  /** The host was asked after a repo that it does not list; null: it does not know it, which its fetch will show. */
  async told(did: string, said: ListedRepo | null): Promise<void> {
    const row = await this.#deps.store.repos.get(did)
    if (row === null || row.state !== 'active' || row.standing !== 'active' || row.removal !== null) return
    if (said !== null) await this.#act(said)
    else if (await this.#fetchAgain(row, 'the host does not list it')) this.found++
  }

  #fetchAgain(row: RepoRow, error: string): Promise<boolean> {
    const patch = { state: 'desynchronized' as const, error, retryAt: null }
    const guard = { rev: row.rev, run: row.run, state: 'active' as const }
    return this.#deps.store.repos.patch(row.id, patch, guard)
  }
}

function differs(row: RepoRow, { rev, active, status }: Suspect): 'standing' | 'rev' | null {
  if (row.removal !== null || row.standing === 'deleted') return null
  const same = active === false ? isInactive(row, status) : active === null || row.standing === 'active'
  if (!same) return 'standing'
  return isBehind(row, rev) ? 'rev' : null
}

function isBehind(row: RepoRow, rev: string | null): boolean {
  return rev !== null && row.state === 'active' && row.standing === 'active' && (row.rev ?? '') < rev
}

/** Without a reason any standing but `active` will do. */
function isInactive({ standing }: RepoRow, status: string | null): boolean {
  return status === null ? standing !== 'active' : standing === standingOf({ active: false, status })
}
