import { LRUCache } from 'lru-cache'
import type { Database, Session } from './database.ts'
import { bringBack, insertRepos } from './repo-adds.ts'
import { type ClaimOptions, claimRepos, renewClaims, takeBackClaims } from './repo-claims.ts'
import { patchStatement, type RawRepo, REPO_COLUMNS, toRepoRow } from './repo-columns.ts'
import { RepoFilter } from './repo-filter.ts'
import {
  countFailing,
  countPostponed,
  countRepos,
  countUnsettled,
  type ListOptions,
  listRepos,
  type RepoCounts,
} from './repo-lists.ts'
import type { RepoGuard, RepoPatch, RepoRow, RepoState } from './repo-row.ts'

/**
 * Rows kept in memory, about 600 bytes each: those written last. Few: rows that live for seconds are garbage V8 is slow to
 * collect, so a large cache that turns over costs several times its size. A row that is not here is 50 µs away.
 */
const CACHED = 5_000
/** DIDs read at once, for the same reason. */
const PAGE = 1_000
/** Another process may commit a lower id after a higher one: how far below the highest to look. */
const OVERLAP = 10_000
/** DIDs added by one statement. */
const CHUNK = 1000

/** The tracked repos. Rows that were written are cached, and the cache follows every write that goes through this store. */
export class Repos {
  readonly #db: Database
  /** Stores beside a running process tell it of their writes through the epoch. */
  readonly #guest: boolean
  /** Several processes may run on the database at once. */
  readonly #shared: boolean
  readonly #cache = new LRUCache<string, RepoRow>({ max: CACHED })
  readonly #filter = new RepoFilter()
  #lastId = 0
  #epoch = ''

  constructor(db: Database, guest: boolean) {
    this.#db = db
    this.#guest = guest
    this.#shared = db.dialect === 'postgres'
  }

  /** Loads the filter; before that `mayTrack` knows nothing. */
  async load(): Promise<void> {
    this.#epoch = await this.#readEpoch()
    await this.#loadAll()
  }

  /** What was only read is not kept: most of it is of repos that bring nothing new, and would live just long enough to get old. */
  async get(did: string): Promise<RepoRow | null> {
    return this.#cache.get(did) ?? (await this.#select(did))
  }

  /** Of many at once: the rows of those that are tracked, by DID. */
  async among(dids: readonly string[]): Promise<Map<string, RepoRow>> {
    const found = new Map<string, RepoRow>()
    const unread: string[] = []
    for (const did of dids) {
      const row = this.#cache.get(did)
      if (row === undefined) unread.push(did)
      else found.set(did, row)
    }
    if (unread.length === 0) return found
    const raws = await this.#db.reader.all<RawRepo>(
      `select ${REPO_COLUMNS} from lextap_repo where ${this.#db.sql.anyOf('did', 1, 'text')}`,
      [unread],
    )
    for (const raw of raws) found.set(raw.did, toRepoRow(raw))
    return found
  }

  async #select(did: string): Promise<RepoRow | null> {
    const rows = await this.#db.reader.all<RawRepo>(
      `select ${REPO_COLUMNS} from lextap_repo where did = $1`,
      [did],
    )
    return rows[0] === undefined ? null : toRepoRow(rows[0])
  }

  async byId(id: number): Promise<RepoRow | null> {
    const rows = await this.#db.reader.all<RawRepo>(`select ${REPO_COLUMNS} from lextap_repo where id = $1`, [
      id,
    ])
    return rows[0] === undefined ? null : toRepoRow(rows[0])
  }

  /** Whether a DID may be tracked. Never false for one that is (of those this process knows, see `refresh`). */
  mayTrack(did: string): boolean {
    return this.#filter.has(did)
  }

  /**
   * Starts following; those already tracked stay as they are, those on their way out or excluded come back. With
   * `found` they were not named but discovered: who is on the way out, or excluded, stays so. Returns how many are new.
   */
  async add(
    dids: readonly string[],
    options: { state?: RepoState; session?: Session; found?: boolean } = {},
  ): Promise<number> {
    let added = 0
    for (let i = 0; i < dids.length; i += CHUNK) {
      const chunk = dids.slice(i, i + CHUNK)
      const session = options.session ?? this.#db
      added += await insertRepos(this.#db, session, chunk, options)
      if (options.found !== true) await bringBack(this.#db, session, chunk)
    }
    if (options.session === undefined) this.added(dids)
    await this.#tell(options.session)
    return added
  }

  /** Tells memory of repos that a committed transaction added. */
  added(dids: readonly string[]): void {
    for (const did of dids) {
      this.#filter.add(did)
      this.forget(did)
    }
  }

  /** Takes repos that need a fetch: they become `resyncing`, and their `run` rises. */
  async claim(options: ClaimOptions): Promise<RepoRow[]> {
    const rows = await claimRepos(this.#db, options)
    return rows.map((raw) => this.committed(toRepoRow(raw)))
  }

  /** Holds our claims on these repos until then. */
  renew(claims: readonly number[], until: number): Promise<void> {
    return renewClaims(this.#db, claims, until)
  }

  /**
   * After a restart: whoever was being fetched starts over; on a server other processes may share the repos, and
   * only claims that ran out are taken back. Returns how many.
   */
  async interruptResyncing(now: number = Date.now()): Promise<number> {
    const count = await takeBackClaims(this.#db, this.#shared ? now : null)
    if (count > 0) this.#cache.clear()
    return count
  }

  /** Whether the row was there, the guard held, and the patch is committed. */
  async patch(id: number, patch: RepoPatch, guard: RepoGuard = {}): Promise<boolean> {
    const statement = patchStatement(id, patch, guard)
    if (statement === null) return true
    const rows = await this.#db.all<RawRepo>(`${statement.text} returning ${REPO_COLUMNS}`, statement.params)
    if (rows[0] === undefined) {
      this.#forgetId(id)
      return false
    }
    this.committed(toRepoRow(rows[0]))
    await this.#tell()
    return true
  }

  /** The stream is another one, or counts anew: seqs remembered from before mean nothing. */
  async forgetSeqs(): Promise<void> {
    await this.#db.run('update lextap_repo set account_seq = null where account_seq is not null')
    this.#cache.clear()
  }

  /** Repos that were followed without proof (a Tap, a Jetstream) must be fetched before commits stack on them. */
  async distrust(): Promise<void> {
    await this.#db.run(
      "update lextap_repo set state = 'desynchronized' where state = 'active' and data is null",
    )
    this.#cache.clear()
  }

  /** By id. `after` is the id of the last row seen. */
  list(options: ListOptions): Promise<RepoRow[]> {
    return listRepos(this.#db.reader, options)
  }

  counts(): Promise<RepoCounts> {
    return countRepos(this.#db.reader)
  }

  /** Repos that wait for a fetch or are being fetched; those that failed and wait for their retry do not count. */
  unsettled(): Promise<number> {
    return countUnsettled(this.#db.reader)
  }

  /** Repos whose last fetch failed: they are tried again when their time comes. */
  failing(): Promise<number> {
    return countFailing(this.#db.reader)
  }

  /** Of those `unsettled`, the ones that are not due yet, or whose host is one of these; none that is being fetched. */
  postponed(now: number, hosts: readonly string[]): Promise<number> {
    return countPostponed(this.#db, now, hosts)
  }

  /** Picks up what other processes changed: new repos enter the filter, cached rows are read again. */
  async refresh(): Promise<boolean> {
    const epoch = await this.#readEpoch()
    if (epoch === this.#epoch) return false
    this.#epoch = epoch
    this.#cache.clear()
    await this.#loadNew()
    return true
  }

  /** Deletes the row and what hangs on it, records included. Handlers hear nothing: send delete events before. */
  async remove(id: number): Promise<boolean> {
    const did = await this.#db.transaction((tx) => removeRepo(tx, id, true))
    if (did !== null) this.forget(did)
    await this.#tell()
    return did !== null
  }

  /** A row as a transaction of ours just committed it. */
  committed(row: RepoRow): RepoRow {
    this.#cache.set(row.did, row)
    return row
  }

  /** The cached row may be wrong: read it again next time. */
  forget(did: string): void {
    this.#cache.delete(did)
  }

  #forgetId(id: number): void {
    for (const [did, row] of this.#cache.entries()) if (row.id === id) this.forget(did)
  }

  /** By DID: the index alone answers, and it is a third of the table. */
  async #loadAll(): Promise<void> {
    const newest = await this.#db.reader.all<{ id: number | null }>('select max(id) as id from lextap_repo')
    this.#lastId = newest[0]?.id ?? 0
    let last = ''
    for (;;) {
      const rows = await this.#db.reader.all<{ did: string }>(
        'select did from lextap_repo where did > $1 order by did limit $2',
        [last, PAGE],
      )
      for (const row of rows) this.#filter.add(row.did)
      last = rows.at(-1)?.did ?? ''
      if (rows.length < PAGE) return
    }
  }

  async #loadNew(): Promise<void> {
    // Adding a DID twice does no harm.
    this.#lastId = Math.max(0, this.#lastId - OVERLAP)
    for (;;) {
      const rows = await this.#db.reader.all<{ id: number; did: string }>(
        'select id, did from lextap_repo where id > $1 order by id limit $2',
        [this.#lastId, PAGE],
      )
      for (const row of rows) this.#filter.add(row.did)
      const last = rows.at(-1)
      if (last !== undefined) this.#lastId = last.id
      if (rows.length < PAGE) return
    }
  }

  async #readEpoch(): Promise<string> {
    const rows = await this.#db.reader.all<{ value: string }>(
      "select value from lextap_meta where key = 'repos-epoch'",
    )
    return rows[0]?.value ?? ''
  }

  async #tell(session: Session = this.#db): Promise<void> {
    if (!this.#guest) return
    await session.run(
      `insert into lextap_meta (key, value) values ('repos-epoch', $1)
       on conflict (key) do update set value = excluded.value`,
      [`${Date.now()}-${process.pid}-${Math.random()}`],
    )
  }
}

/**
 * Deletes a repo and all that hangs on it inside a transaction; its DID, or null when it was not there. Deletes
 * and events that failed are still owed: their dead letters stay, under a negative repo id of their own.
 */
export async function removeRepo(tx: Session, id: number, withRecords: boolean): Promise<string | null> {
  if (withRecords) await tx.run('delete from lextap_record where repo_id = $1', [id])
  await tx.run('delete from lextap_resync_buffer where repo_id = $1', [id])
  await tx.run('delete from lextap_uncreated where repo_id = $1', [id])
  await tx.run("delete from lextap_dead_letter where repo_id = $1 and action in ('create', 'update')", [id])
  await tx.run('update lextap_dead_letter set repo_id = -id where repo_id = $1', [id])
  const rows = await tx.all<{ did: string }>('delete from lextap_repo where id = $1 returning did', [id])
  return rows[0]?.did ?? null
}
