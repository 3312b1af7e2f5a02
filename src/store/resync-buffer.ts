import type { Database } from './database.ts'

export interface BufferedFrame {
  readonly id: number
  readonly seq: number
  readonly rev: string
  /** The firehose frame as it came. */
  readonly frame: Uint8Array
}

/** What one repo may have waiting: beyond it, fetching again is cheaper than draining. */
export interface BufferLimits {
  readonly frames: number
  readonly bytes: number
}

const LIMITS: BufferLimits = { frames: 20_000, bytes: 128 * 1024 * 1024 }

interface Held {
  frames: number
  bytes: number
}

/** Live commits of repos that are being fetched, until the cut-over (C6, F5). */
export class ResyncBuffer {
  readonly #db: Database
  /** What waits for each repo, counted once and kept up: only repos that have something are in here. */
  readonly #held = new Map<number, Held>()
  readonly #limits: BufferLimits

  constructor(db: Database, limits: BufferLimits = LIMITS) {
    this.#db = db
    this.#limits = limits
  }

  /** `full`: nothing was stored; the repo has to be fetched again. */
  async push(
    repoId: number,
    entry: { seq: number; rev: string; frame: Uint8Array },
  ): Promise<'stored' | 'full'> {
    const held = await this.#heldBy(repoId)
    if (held.frames >= this.#limits.frames || held.bytes + entry.frame.length > this.#limits.bytes)
      return 'full'
    held.frames++
    held.bytes += entry.frame.length
    this.#held.set(repoId, held)
    try {
      await this.#db.run(
        'insert into lextap_resync_buffer (repo_id, seq, rev, frame) values ($1, $2, $3, $4)',
        [repoId, entry.seq, entry.rev, entry.frame],
      )
    } catch (error) {
      this.#held.delete(repoId)
      throw error
    }
    return 'stored'
  }

  /** In order of arrival, of what is committed; `after` is the id of the last one seen. */
  list(repoId: number, after: number, limit: number): Promise<BufferedFrame[]> {
    return this.#db.reader.all(
      'select id, seq, rev, frame from lextap_resync_buffer where repo_id = $1 and id > $2 order by id limit $3',
      [repoId, after, limit],
    )
  }

  /** Drops what the fetched repo already contains (F5). Returns how many. */
  dropThrough(repoId: number, rev: string): Promise<number> {
    return this.#drop(repoId, 'delete from lextap_resync_buffer where repo_id = $1 and rev <= $2', [
      repoId,
      rev,
    ])
  }

  clear(repoId: number): Promise<number> {
    return this.#drop(repoId, 'delete from lextap_resync_buffer where repo_id = $1', [repoId])
  }

  delete(repoId: number, id: number): Promise<number> {
    return this.#drop(repoId, 'delete from lextap_resync_buffer where repo_id = $1 and id = $2', [repoId, id])
  }

  /** What a crash left behind of accounts that are not active: nobody would drain it. Returns how many. */
  async sweep(): Promise<number> {
    const count = await this.#db.run(
      "delete from lextap_resync_buffer where repo_id in (select id from lextap_repo where standing <> 'active')",
    )
    this.#held.clear()
    return count
  }

  async counts(): Promise<{ repos: number; frames: number; bytes: number }> {
    const rows = await this.#db.reader.all<{ repos: number; frames: number; bytes: number | null }>(
      'select count(distinct repo_id) as repos, count(*) as frames, sum(length(frame)) as bytes from lextap_resync_buffer',
    )
    const { repos, frames, bytes } = rows[0] ?? { repos: 0, frames: 0, bytes: 0 }
    return { repos, frames, bytes: Number(bytes ?? 0) }
  }

  /** Rows left: a transaction of the dispatcher deleted some. */
  changed(repoId: number): void {
    this.#held.delete(repoId)
  }

  async #drop(repoId: number, text: string, params: (string | number)[]): Promise<number> {
    const count = await this.#db.run(text, params)
    this.#held.delete(repoId)
    return count
  }

  async #heldBy(repoId: number): Promise<Held> {
    const known = this.#held.get(repoId)
    if (known !== undefined) return known
    const rows = await this.#db.all<{ frames: number; bytes: number | null }>(
      'select count(*) as frames, sum(length(frame)) as bytes from lextap_resync_buffer where repo_id = $1',
      [repoId],
    )
    return this.#held.get(repoId) ?? { frames: rows[0]?.frames ?? 0, bytes: Number(rows[0]?.bytes ?? 0) }
  }
}
