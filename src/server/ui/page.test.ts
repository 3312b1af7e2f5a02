import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { calmStatus } from '../../../test/support/calm-status.ts'
import { tempDatabase } from '../../../test/support/outbox.ts'
import { createObserver } from '../../observe/observer.ts'
import type { NewDeadLetter } from '../../store/dead-letters.ts'
import { openStore } from '../../store/open.ts'
import type { Store } from '../../store/store.ts'
import type { ServerPorts } from '../ports.ts'
import { type Listener, startServer } from '../server.ts'
import { uiRoutes } from './routes.ts'
import type { StatusView } from './view.ts'

const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const observer = createObserver({ level: 'silent' })
const unused = () => Promise.reject(new Error('not in this test'))
let store: Store
let server: Listener
let status: () => Promise<StatusView>
let retried: number[]

const ports: ServerPorts = {
  ...{
    addRepos: unused,
    removeRepo: unused,
    resync: unused,
    resolveDid: unused,
    cursors: unused,
    ready: unused,
  },
  status: () => status(),
  retryDeadLetter: async (id) => (retried.push(id) > 0 ? 'failed' : 'gone'),
}
const serve = (password: string | null) =>
  startServer({
    ...{ host: '127.0.0.1', port: 0, password, observer, store, ports, health: null, channel: null },
    noChannel: { all: null, records: null },
  })

beforeAll(async () => {
  store = await openStore(tempDatabase(), { observer })
  await store.repos.add([DID])
  server = await serve(null)
})
afterAll(async () => {
  await server.close()
  await store.close()
})
beforeEach(() => {
  status = async () => calmStatus()
  retried = []
})

const look = async () => {
  const response = await fetch(server.url, { headers: { accept: 'text/html' } })
  const text = await response.text()
  return {
    response,
    text,
    plain: text
      .replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' '),
  }
}
const post = (path: string, body: object, type = 'application/json') =>
  fetch(`${server.url}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': type },
  })

function letter(over: Partial<NewDeadLetter> = {}): NewDeadLetter {
  return {
    ...{
      repoId: 1,
      did: DID,
      collection: 'xyz.statusphere.status',
      rkey: '3k1',
      rev: '3k1',
      action: 'create' as const,
    },
    ...{
      cid: null,
      body: null,
      kind: 'handler' as const,
      error: 'no <b>luck</b>',
      issues: null,
      attempts: 3,
      ...over,
    },
  }
}

test('a browser gets the page, a program what Tap says', async () => {
  const { response, plain } = await look()
  expect(response.headers.get('content-type')).toMatch(/^text\/html/)
  expect(plain).toContain('All is well.')
  expect(plain).toContain('3 of 3 repos level (100 %)')
  expect(plain).toContain('Dead letters none')
  expect(plain).toContain('about 70.3 KB')
  expect((await fetch(server.url)).status).toBe(404)
})

test('its script and style are the ones its policy lets in, and nothing else is', async () => {
  const { response, text } = await look()
  const policy = response.headers.get('content-security-policy') ?? ''
  const { createHash } = await import('node:crypto')
  for (const tag of ['style', 'script']) {
    const inner = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text)?.[1] ?? ''
    expect(inner).not.toBe('')
    expect(policy).toContain(`${tag}-src 'sha256-${createHash('sha256').update(inner).digest('base64')}'`)
  }
  expect(policy).toContain("frame-ancestors 'none'")
  expect(text).not.toMatch(/ style=| onclick=/)
})

test('before the first repo is found nothing is said to be done', async () => {
  const listings = [{ list: 'collection:xyz.statusphere.status', listed: 0, rounds: 0 }]
  status = async () => calmStatus({ repos: { total: 0, states: {}, standings: {} }, listings })
  const { plain } = await look()
  expect(plain).toContain('no repos yet')
  expect(plain).toContain('time left lists are being read')
})

test('progress, pace and time left of a backfill and a replay', async () => {
  const { backfill, repos } = calmStatus()
  status = async () =>
    calmStatus({
      repos: { ...repos, total: 2_000_000, states: { pending: 1_500_000, active: 500_000 } },
      backfill: {
        ...backfill,
        perSecond: { repos: 12.345, records: 43_210.9 },
        left: { repos: 1_500_000, etaMs: 7_380_000, waiting: { repos: 7, hosts: 2 }, failing: 0 },
      },
      replay: { phase: 'records', done: 250, total: 1000, letters: 2, etaMs: null },
    })
  const { plain } = await look()
  expect(plain).toContain('500,000 of 2,000,000 repos level (25 %)')
  expect(plain).toContain('43,211 records/s, 12.3 repos/s')
  expect(plain).toContain('time left 2 h 3 min')
  expect(plain).toContain('waiting 7 for 2 hosts')
  expect(plain).toContain('250 of 1,000 records (25 %)')
})

describe('trouble', () => {
  test('a source that is away is said first, with what is done about it', async () => {
    status = async () =>
      calmStatus({
        relay: { url: 'wss://relay.example', connected: false, cursor: null, open: 0, lagMs: 90_000 },
      })
    const { plain } = await look()
    expect(plain).toContain('The source is not connected. wss://relay.example is tried again')
    expect(plain).toContain('lag 2 min')
    expect(plain).not.toContain('All is well')
  })

  test('a database that is gone still has a page, which says so', async () => {
    status = () => Promise.reject(new Error('connect ECONNREFUSED'))
    const { response, plain } = await look()
    expect(response.status).toBe(200)
    expect(plain).toContain('The database does not answer. connect ECONNREFUSED')
  })

  test('a database that is silent is asked once, however many look', async () => {
    let asked = 0
    const never = new Promise<StatusView>(() => {})
    const silent = { ...ports, status: () => (++asked > 0 ? never : status()) }
    const app = uiRoutes(silent, store, null, 10)
    const looks = [1, 2, 3].map(() => app.request('/', { headers: { accept: 'text/html' } }))
    for (const answer of await Promise.all(looks))
      expect(await answer.text()).toContain(`${store.url} has been silent for 0.01 s`)
    expect(asked).toBe(1)
  })

  test('repos that cannot be fetched: who, why, when again', async () => {
    const row = await store.repos.get(DID)
    await store.repos.patch(row?.id ?? 0, {
      state: 'error',
      error: 'no answer: <refused>',
      retryCount: 4,
      retryAt: 0,
    })
    const { text, plain } = await look()
    expect(plain).toContain(
      `${DID} no answer: &lt;refused&gt; tried 4 times, again at 1970-01-01 00:00:00 UTC`,
    )
    expect(text).toContain(`data-post="/repos/resync"`)
    await store.repos.patch(row?.id ?? 0, { state: 'active', error: null })
  })

  test('dead letters are shown escaped, retried and dropped', async () => {
    const [row] = await store.repos.list({ limit: 1 })
    await store.transaction((tx) => store.deadLetters.add(tx, [letter({ repoId: row?.id ?? 0 })]))
    const [{ id } = { id: 0 }] = await store.deadLetters.list()
    const { text, plain } = await look()
    expect(plain).toContain('1 event failed in your handlers.')
    expect(text).toContain('no &lt;b&gt;luck&lt;/b&gt;')

    const answer = await post('/dead-letters/retry', { ids: [id] })
    expect(await answer.json()).toEqual({
      outcomes: [{ id, outcome: 'failed' }],
      said: '1 failed',
    })
    expect(retried).toEqual([id])
    expect(await (await post('/dead-letters/drop', { ids: [id, 999] })).json()).toMatchObject({
      dropped: [id],
    })
    expect((await store.deadLetters.counts()).total).toBe(0)
  })

  test('what the webhook never took is told, with the command', async () => {
    const event = { kind: 'emit' as const, did: DID, live: true, name: 'x', body: '"type":"emit"}' }
    await store.transaction((tx) => store.outbox.append(tx, [event]))
    const [waiting] = await store.outbox.page(0, 1)
    await store.outbox.fail(waiting?.id ?? 0, '500', 16)
    const { plain } = await look()
    expect(plain).toContain('1 event was never taken by the webhook. Why: lextap outbox list.')
    await store.outbox.dropFailed()
  })

  test.each([{}, { ids: [] }, { ids: ['1'] }, { ids: [0] }, { ids: 1 }])(
    '%j names no letters',
    async (body) => {
      expect((await post('/dead-letters/drop', body)).status).toBe(400)
      expect((await post('/dead-letters/retry', body)).status).toBe(400)
    },
  )

  test('a form of a stranger changes nothing', async () => {
    expect((await post('/dead-letters/retry', { ids: [1] }, 'text/plain')).status).toBe(415)
    expect(retried).toEqual([])
  })
})

test('with a password the page wants it', async () => {
  const guarded = await serve('secret')
  const ask = (authorization?: string) =>
    fetch(guarded.url, { headers: { accept: 'text/html', ...(authorization ? { authorization } : {}) } })
  const refused = await ask()
  expect(refused.status).toBe(401)
  expect(refused.headers.get('www-authenticate')).toContain('Basic')
  expect((await ask(`Basic ${btoa('admin:secret')}`)).status).toBe(200)
  await guarded.close()
})
