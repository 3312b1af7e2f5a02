import { Hono } from 'hono'
import { SingleFlight } from '../../async/single-flight.ts'
import { databaseSize } from '../../store/bodies.ts'
import { badRequest, json, RequestError } from '../errors.ts'
import type { Health } from '../health.ts'
import type { ServerPorts, ServerStore } from '../ports.ts'
import { readJson } from '../read-json.ts'
import { HEADERS } from './assets.ts'
import { page } from './page.ts'
import type { Stored } from './view.ts'

/** Letters and failing repos on the page. */
const SHOWN = 20
/** A database that takes longer is as good as gone, ms. */
const PATIENCE_MS = 5000
const MAX_IDS = 1000

/** `GET /`, the page for people, and what its buttons do: `POST /dead-letters/retry` and `/dead-letters/drop`. */
export function uiRoutes(
  ports: ServerPorts,
  store: ServerStore,
  health: Health | null,
  patienceMs: number = PATIENCE_MS,
): Hono {
  const app = new Hono()
  // Whoever looks while the database is silent must not put one more question before it each time.
  const looks = new SingleFlight<'page', Stored>()
  const look = () => looks.do('page', () => read(ports, store))
  app.get('/', async (c) => {
    // Tap has nothing here, and programs are told the same.
    if (!(c.req.header('accept') ?? '').includes('text/html')) throw new RequestError(404, 'Not Found')
    const stored = await withinPatience(look(), store.url, patienceMs)
    const verdict = health?.check() ?? { ok: true as const, waitingFor: null }
    const view = { health: verdict, uptimeMs: process.uptime() * 1000, now: new Date(), stored }
    return c.html(page(view), 200, HEADERS)
  })
  app.post('/dead-letters/retry', async (c) => {
    const outcomes: { id: number; outcome: string }[] = []
    // One after another: whoever asks waits for what a handler may take.
    for (const id of await readIds(c)) outcomes.push({ id, outcome: await ports.retryDeadLetter(id) })
    const counts = Map.groupBy(outcomes, ({ outcome }) => outcome)
    const said = [...counts].map(([outcome, all]) => `${all.length} ${outcome}`).join(', ')
    return json(c, { outcomes, said })
  })
  app.post('/dead-letters/drop', async (c) => {
    const dropped: number[] = []
    for (const id of await readIds(c)) if (await store.deadLetters.drop(id)) dropped.push(id)
    return json(c, { dropped, said: `${dropped.length} dropped` })
  })
  return app
}

async function read(ports: ServerPorts, store: ServerStore): Promise<Stored> {
  const status = await ports.status()
  const counts = await store.deadLetters.counts()
  const newest = await store.deadLetters.list({ limit: SHOWN })
  const failing = await store.repos.list({ state: 'error', limit: SHOWN })
  const undelivered = await store.outbox.countFailed()
  const database = { url: store.url, bytes: await databaseSize(store.db) }
  return { status, database, letters: { ...counts, newest }, undelivered, failing }
}

/** The answer, or why there is none: a page that hangs tells nobody what hangs. */
async function withinPatience(
  answer: Promise<Stored>,
  url: string,
  patienceMs: number,
): Promise<Stored | { error: string }> {
  const { promise, resolve } = Promise.withResolvers<{ error: string }>()
  const error = `${url} has been silent for ${patienceMs / 1000} s`
  const timer = setTimeout(() => resolve({ error }), patienceMs)
  try {
    return await Promise.race([answer, promise])
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
    answer.catch(() => {})
  }
}

async function readIds(c: Parameters<typeof readJson>[0]): Promise<number[]> {
  const { ids } = await readJson(c, '{"ids": […]}')
  const all = Array.isArray(ids) ? (ids as unknown[]) : []
  const good = all.filter((id): id is number => Number.isSafeInteger(id) && Number(id) > 0)
  if (all.length === 0 || good.length < all.length || all.length > MAX_IDS)
    throw badRequest(`expected {"ids": […]}: 1 to ${MAX_IDS} ids of dead letters`)
  return [...new Set(good)]
}
