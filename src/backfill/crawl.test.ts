import { expect, test } from 'vitest'
import { listener } from '../../test/support/observer.ts'
import { XrpcError } from '../protocol/xrpc-error.ts'
import { openStore } from '../store/open.ts'
import { Crawl, type CrawlDeps } from './crawl.ts'

const HOST = 'https://relay.example'
const quick = { first: 1, longest: 5 }
const repo = (did: string) => ({ did, rev: null, active: null, status: null })
const refusal = (status: number, options: object = {}) =>
  new XrpcError(`HTTP ${status}`, {
    code: 'http',
    url: HOST,
    retry: status >= 500 && status !== 501,
    status,
    ...options,
  })

async function crawl(page: CrawlDeps['page'], options: Partial<CrawlDeps> = {}) {
  const observer = listener()
  const store = await openStore('sqlite::memory:', { observer })
  const taken: string[] = []
  const make = () =>
    new Crawl({
      store,
      observer,
      page,
      take: async (repos) => taken.push(...repos.map(({ did }) => did)),
      list: 'repos',
      host: HOST,
      everyMs: 3_600_000,
      now: true,
      retryMs: quick,
      ...options,
    })
  return { make, taken, store, observer }
}

test('F12: a list is read page by page, and goes on where a restart left it', async () => {
  const asked: (string | null)[] = []
  const stuck = Promise.withResolvers<void>()
  let hang = true
  const { make, taken, store } = await crawl(async (cursor, signal) => {
    asked.push(cursor)
    if (cursor === '2' && hang) {
      stuck.resolve()
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    const next = Number(cursor ?? 0) + 1
    return { repos: [repo(`did:plc:${next}`)], cursor: next < 4 ? String(next) : null }
  })
  const first = make()
  first.start()
  await stuck.promise
  await first.stop()
  expect(taken).toEqual(['did:plc:1', 'did:plc:2'])
  hang = false
  const second = make()
  second.start()
  await expect.poll(() => second.progress.rounds).toBe(1)
  await second.stop()
  expect(taken).toEqual(['did:plc:1', 'did:plc:2', 'did:plc:3', 'did:plc:4'])
  expect(asked).toEqual([null, '1', '2', '2', '3'])
  // A whole list is behind us: the next one begins at the start.
  expect(await store.cursors.get(HOST, 'repos')).toBe(null)
  await store.close()
})

test('a page whose repos could not be taken is no end of the list: it is taken again, and those before it are not', async () => {
  const asked: (string | null)[] = []
  let failures = 0
  const taken: string[] = []
  const { make, store } = await crawl(
    async (cursor) => {
      asked.push(cursor)
      return { repos: [repo(`did:plc:${cursor ?? 'first'}`)], cursor: cursor === null ? 'second' : null }
    },
    {
      take: async (repos) => {
        if (repos[0]?.did === 'did:plc:second' && failures++ < 2) throw new Error('the database refused')
        return taken.push(...repos.map(({ did }) => did))
      },
    },
  )
  const crawling = make()
  crawling.start()
  await expect.poll(() => crawling.progress.rounds).toBe(1)
  expect(taken).toEqual(['did:plc:first', 'did:plc:second'])
  expect(asked).toEqual([null, 'second', 'second', 'second'])
  await crawling.stop()
  await store.close()
})

test('a page that fails is asked for again, no sooner than the host wants', async () => {
  let failures = 0
  const { make, taken, observer, store } = await crawl(async () => {
    if (failures++ === 0) throw refusal(429, { retryAfterMs: 60 })
    // As Bluesky's hosts say it.
    if (failures === 2)
      throw refusal(429, { rateLimit: { limit: 9, remaining: 0, resetAt: Date.now() + 600 } })
    return { repos: [repo('did:plc:1')], cursor: null }
  })
  const crawling = make()
  crawling.start()
  await expect.poll(() => crawling.progress.rounds).toBe(1)
  expect(taken).toEqual(['did:plc:1'])
  const waits = observer.lines.flatMap(({ waitMs }) => (typeof waitMs === 'number' ? [waitMs] : []))
  expect(waits[0]).toBe(60)
  expect(waits[1]).toBeGreaterThan(300)
  await crawling.stop()
  await store.close()
})

test('a cursor that the host does not know any more begins the list anew', async () => {
  const { make, taken, store } = await crawl(async (cursor) => {
    if (cursor === 'stale') throw refusal(400)
    return { repos: [repo('did:plc:1')], cursor: null }
  })
  await store.cursors.set(HOST, 'repos', 'stale')
  const crawling = make()
  crawling.start()
  await expect.poll(() => crawling.progress.rounds).toBe(1)
  expect(taken).toEqual(['did:plc:1'])
  await crawling.stop()
  await store.close()
})

test.each([400, 401, 404, 501])(
  'a host without the list (%d) is not asked over and over: the operator is told',
  async (code) => {
    let asked = 0
    const { make, observer, store } = await crawl(async () => {
      asked++
      throw refusal(code)
    })
    const crawling = make()
    crawling.start()
    await expect.poll(() => crawling.progress.rounds).toBe(1)
    expect(asked).toBe(1)
    expect(observer.lines.some(({ msg }) => String(msg).includes('upstream.lists'))).toBe(true)
    await crawling.stop()
    await store.close()
  },
)

test('a host that hands out the same cursors for ever does not keep us', async () => {
  let asked = 0
  const { make, store } = await crawl(async (cursor) => {
    asked++
    return { repos: [], cursor: cursor === 'a' ? 'b' : 'a' }
  })
  const crawling = make()
  crawling.start()
  await expect.poll(() => crawling.progress.rounds).toBe(1)
  expect(asked).toBe(3)
  await crawling.stop()
  await store.close()
})

test('asking for a fresh round while one is under way means one more', async () => {
  let rounds = 0
  const { make, store } = await crawl(async () => {
    rounds++
    return { repos: [], cursor: null }
  })
  const crawling = make()
  const early = crawling.fresh()
  crawling.start()
  await early
  await crawling.fresh()
  expect(rounds).toBeGreaterThanOrEqual(2)
  await crawling.stop()
  await expect(crawling.fresh()).rejects.toThrow(/stopping/)
  await store.close()
})
