import { Backoff } from '../async/backoff.ts'
import { isAbort, sleep } from '../async/signal.ts'
import { LextapError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import { listingFailed, listingFinished, listingRefused } from '../observe/sync-events.ts'
import { askedWait, XrpcError } from '../protocol/xrpc-error.ts'
import type { Store } from '../store/store.ts'
import type { ListedRepo, ListPage } from './list-repos.ts'

export interface CrawlDeps {
  readonly store: Store
  readonly observer: Observer
  /** A page of repos after the cursor (rule F12: an empty page with a cursor does not end the list). */
  readonly page: (cursor: string | null, signal: AbortSignal) => Promise<ListPage>
  /** What to do with a page; returns how many repos were new. Its effects are committed when it resolves. */
  readonly take: (repos: readonly ListedRepo[]) => Promise<number>
  /** Name of the list: the scope of its saved cursor. */
  readonly list: string
  /** Host the list comes from. */
  readonly host: string
  /** Listed anew from the start after so long, ms. */
  readonly everyMs: number
  /** Run the first listing at once even where one was completed lately. */
  readonly now?: boolean
  /** First and longest wait after a page that could not be read, ms. Default 1000 and 60000. */
  readonly retryMs?: { readonly first: number; readonly longest: number }
}

/**
 * The host does not have this list. A reference PDS says 400 or 401 of what it would pass on to its AppView; of a page
 * in the middle, 400 is said of the cursor.
 */
function refuses(status: number | null, cursor: string | null): boolean {
  return status === 400 ? cursor === null : [401, 403, 404, 405, 501].includes(status ?? 0)
}

interface Waiter {
  /** Rounds begun when it was asked for. */
  readonly begun: number
  readonly done: PromiseWithResolvers<number>
}

/**
 * Reads one paged listing to its end, again and again. The page cursor is saved after each page, so a restart
 * goes on where it was; a completed list is read anew from the start each period.
 */
export class Crawl {
  readonly #deps: CrawlDeps
  readonly #abort = new AbortController()
  #loop: Promise<void> | null = null
  #kick: PromiseWithResolvers<void> = Promise.withResolvers()
  #kicked = false
  #waiters: Waiter[] = []
  #listed = 0
  #begun = 0
  #rounds = 0

  constructor(deps: CrawlDeps) {
    this.#deps = deps
  }

  get progress(): { list: string; listed: number; rounds: number } {
    return { list: this.#deps.list, listed: this.#listed, rounds: this.#rounds }
  }

  start(): void {
    this.#loop ??= this.#run().catch((error) => {
      if (!isAbort(error, this.#abort.signal))
        this.#deps.observer.log.error({ err: error }, 'a listing ended')
    })
  }

  /** List anew now, whatever the period says. */
  kick(): void {
    this.#kicked = true
    this.#kick.resolve()
  }

  /** Lists anew from the start; resolves with how many repos were new, rejects when stopped first. */
  fresh(): Promise<number> {
    const done = Promise.withResolvers<number>()
    done.promise.catch(() => {})
    this.#waiters.push({ begun: this.#begun, done })
    if (this.#abort.signal.aborted) this.#dismiss(this.#abort.signal.reason)
    else this.kick()
    return done.promise
  }

  async stop(): Promise<void> {
    const stopping = new LextapError('stopping', { code: 'stopping' })
    this.#abort.abort(stopping)
    await this.#loop
    this.#dismiss(stopping)
  }

  #dismiss(error: unknown): void {
    for (const { done } of this.#waiters.splice(0)) done.reject(error)
  }

  /** A round is over: whoever asked before it began has what it wanted, the others need one more. */
  #tell(round: number, added: number): void {
    const over = this.#waiters.filter(({ begun }) => begun < round)
    this.#waiters = this.#waiters.filter(({ begun }) => begun >= round)
    for (const { done } of over) done.resolve(added)
    if (this.#waiters.length > 0) this.kick()
  }

  async #run(): Promise<void> {
    const { store, host, list, everyMs, now } = this.#deps
    const signal = this.#abort.signal
    const done = Number((await store.cursors.get(host, `${list}:done`)) ?? 0)
    const unfinished = (await store.cursors.get(host, list)) !== null
    if (!now && !unfinished) await this.#wait(done + everyMs - Date.now())
    while (!signal.aborted) {
      const whole = (await store.cursors.get(host, list)) === null
      const round = ++this.#begun
      const added = await this.#tireless(signal)
      await store.cursors.set(host, `${list}:done`, String(Date.now()))
      this.#rounds++
      this.#tell(whole ? round : 0, added)
      await this.#wait(everyMs)
    }
  }

  async #wait(ms: number): Promise<void> {
    if (this.#kicked) {
      this.#kicked = false
      return
    }
    this.#kick = Promise.withResolvers()
    const over = new AbortController()
    const clock = sleep(Math.max(0, ms), AbortSignal.any([this.#abort.signal, over.signal])).catch(
      (error) => {
        if (this.#abort.signal.aborted) throw error
      },
    )
    await Promise.race([clock, this.#kick.promise])
    over.abort()
    this.#kicked = false
  }

  /** One round, whatever goes wrong in it: it goes on after its last whole page. A list that ends finds nobody any more. */
  async #tireless(signal: AbortSignal): Promise<number> {
    const { observer, list } = this.#deps
    const backoff = new Backoff(this.#waits)
    for (;;) {
      try {
        return await this.#round(signal)
      } catch (error) {
        if (signal.aborted) throw error
        const waitMs = backoff.next()
        listingFailed(observer, {
          list,
          error: error instanceof Error ? error.message : String(error),
          waitMs,
        })
        await sleep(waitMs, signal)
      }
    }
  }

  get #waits(): { baseMs: number; maxMs: number } {
    const { first, longest } = this.#deps.retryMs ?? { first: 1_000, longest: 60_000 }
    return { baseMs: first, maxMs: longest }
  }

  /** Returns how many repos were new. */
  async #round(signal: AbortSignal): Promise<number> {
    const { store, observer, page, take, list, host } = this.#deps
    const backoff = new Backoff(this.#waits)
    let cursor = await store.cursors.get(host, list)
    let repos = 0
    let added = 0
    const before = new Set<string>()
    for (;;) {
      let next: ListPage
      try {
        next = await page(cursor, signal)
      } catch (error) {
        if (signal.aborted) throw error
        const message = error instanceof Error ? error.message : String(error)
        const status = error instanceof XrpcError ? error.status : null
        if (refuses(status, cursor)) {
          listingRefused(observer, { list, host, error: message })
          break
        }
        // A cursor the host does not know any more: the list begins anew.
        if (status === 400 && cursor !== null) {
          cursor = null
          await store.cursors.clear(host, list)
        }
        const asked = error instanceof XrpcError ? (askedWait(error, Date.now()) ?? 0) : 0
        const waitMs = Math.max(backoff.next(), asked)
        listingFailed(observer, { list, error: message, waitMs })
        await sleep(waitMs, signal)
        continue
      }
      backoff.reset()
      repos += next.repos.length
      this.#listed += next.repos.length
      added += await take(next.repos)
      // A host that hands the same cursor out again would keep us for ever.
      if (next.cursor === null || next.cursor === cursor || before.has(next.cursor)) break
      if (before.size < 100_000) before.add(next.cursor)
      cursor = next.cursor
      await store.cursors.set(host, list, cursor)
    }
    await store.cursors.clear(host, list)
    listingFinished(observer, { list, repos, added })
    return added
  }
}
