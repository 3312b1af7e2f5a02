import { afterEach, describe, expect, test } from 'vitest'
import { quietObserver } from '../../test/support/run-tap.ts'
import { XrpcError } from '../protocol/xrpc-error.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import type { Flight } from './flight.ts'
import { estimate } from './progress.ts'
import { Scheduler } from './scheduler.ts'
import type { SchedulerDeps } from './scheduler-deps.ts'

/** One fetch under way, in the hands of the test. */
interface Fetch {
  readonly did: string
  readonly host: string
  readonly flight: Flight
  finish(records?: number): void
  fail(error: Error): void
}

const observer = quietObserver()
const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

/** A scheduler whose fetches the test ends. `hostOf` tells where a DID lives, `answers` who is not mute. */
async function begin(
  repos: readonly string[],
  hostOf: (did: string) => string,
  { answers = () => true, ...options }: Partial<SchedulerDeps> & { answers?: (host: string) => boolean } = {},
): Promise<{ scheduler: Scheduler; store: Store; fetches: Fetch[]; started(n: number): Promise<void> }> {
  const store = await openStore('sqlite::memory:', { observer })
  await store.repos.add(repos)
  const fetches: Fetch[] = []
  const scheduler: Scheduler = new Scheduler({
    store,
    observer,
    concurrency: 4,
    perHost: 2,
    retryMs: { first: 60_000, longest: 3_600_000 },
    resyncsPerMinute: 5,
    leaseMs: 30_000,
    oneHost: false,
    restsUntil: () => 0,
    identify: async ({ did }) => {
      const pds = hostOf(did)
      const row = await store.repos.get(did)
      if (row !== null) await store.repos.patch(row.id, { pds })
      return { did, handle: null, claimedHandle: null, pds, signingKey: 'did:key:z', tombstoned: false }
    },
    hostOf: ({ pds }) => pds,
    fetch: (row, _, host, _fresh, flight, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
        if (answers(host)) flight.limited(null)
        fetches.push({
          ...{ did: row.did, host, flight },
          finish: (records = 1) => {
            flight.received(records * 100)
            flight.proven(records)
            resolve({
              rev: '3jzfcijpj2z2a',
              data: new Uint8Array(36),
              rest: [],
              records,
              bytes: records * 100,
            })
          },
          fail: reject,
        })
      }),
    cutOver: async (row) => {
      await store.repos.patch(row.id, { state: 'active', rev: '3jzfcijpj2z2a' }, { run: row.run })
      return 0
    },
    onStanding: async () => {},
    ...options,
  })
  scheduler.start()
  cleanups.push(
    () => store.close(),
    () => scheduler.stop(),
  )
  const started = (n: number) => expect.poll(() => fetches.length, { timeout: 20_000 }).toBe(n)
  return { scheduler, store, fetches, started }
}

const never = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
const known = async (did: string) => ({
  ...{ did, handle: null, claimedHandle: null, pds: hostOf(did), signingKey: 'did:key:z' },
  tombstoned: false,
})
const dids = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => `did:plc:${prefix}${i}`)
const hostOf = (did: string) => `https://${did.slice(8, 9)}.example`

test('hosts take turns, and none gets more than its share', async () => {
  const { fetches, started } = await begin([...dids('a', 10), ...dids('b', 10)], hostOf)
  await started(4)
  expect(
    fetches
      .map(({ host }) => host.at(8))
      .sort()
      .join(''),
  ).toBe('aabb')
})

test('a host with very many repos does not keep others from being claimed', async () => {
  // A hundred of one host stand before everybody else.
  const { fetches, started, store } = await begin(
    [...dids('a', 100), ...dids('b', 2), ...dids('c', 2)],
    hostOf,
  )
  await started(4)
  const hosts = fetches.map(({ host }) => host.at(8)).sort()
  expect(hosts.filter((host) => host === 'a').length).toBe(2)
  expect(hosts).toContain('b')
  // What was given back is due at once, and nothing is counted as its failure.
  const row = await store.repos.get('did:plc:a50')
  expect(row).toMatchObject({ retryCount: 0, retryAt: null, error: null })
})

test('claiming goes on after an error, even one that looks as if somebody had asked it to stop', async () => {
  const errors = [new DOMException('odd', 'AbortError')]
  const restsUntil = () => {
    const error = errors.pop()
    if (error !== undefined) throw error
    return 0
  }
  const { started } = await begin(['did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'], () => 'https://one.test', {
    restsUntil,
  })
  await started(1)
  expect(errors).toEqual([])
})

test('it tells when more repos are due than it can fetch at once', async () => {
  for (const [repos, told] of [
    [4, 0],
    [5, 1],
  ] as const) {
    let backlogs = 0
    const { started } = await begin(dids('a', repos), (did) => `https://${did}.example`, {
      onBacklog: () => backlogs++,
    })
    await started(4)
    expect(backlogs).toBe(told)
  }
})

test('one giant repo takes one place, and the others go on beside it', async () => {
  const { fetches, store } = await begin([...dids('a', 1), ...dids('b', 30)], hostOf)
  await expect.poll(() => fetches.some(({ did }) => did === 'did:plc:a0')).toBe(true)
  const giant = fetches.find(({ did }) => did === 'did:plc:a0') as Fetch
  for (let done = 0; done < 30; ) {
    giant.flight.received(1_000_000)
    for (const fetch of fetches.splice(0)) {
      if (fetch === giant) continue
      fetch.finish()
      done++
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  await expect.poll(async () => (await store.repos.counts()).states.active).toBe(30)
  giant.finish(500_000)
  await expect.poll(async () => (await store.repos.counts()).states.active).toBe(31)
})

test('F8: fetches that wait for silent hosts give their places to others, and take them back with their next bytes', async () => {
  const { scheduler, fetches, started } = await begin(
    [...dids('a', 2), ...dids('b', 2), ...dids('c', 4)],
    hostOf,
  )
  await started(4)
  const silent = fetches.filter(({ host }) => !host.includes('c')).length
  expect(silent).toBeGreaterThanOrEqual(2)
  // Nobody says a word: after a while the rest is begun all the same.
  await started(6)
  expect(scheduler.progress.idle).toBeGreaterThanOrEqual(2)
  for (const { flight } of fetches) flight.received(10)
  expect(scheduler.progress).toMatchObject({ idle: 0, fetching: 6 })
})

test('F8: however many hosts are silent, those that answer are served', async () => {
  // Hosts that never answer stand before the one that does, and could hold all sockets (4 × 5) and the queue (16).
  const mute = [...'abcdefghijklmnopqrstuvwxy'].flatMap((letter) => dids(letter, 2))
  const { fetches, store } = await begin([...mute, ...dids('z', 6)], hostOf, {
    ...{ perHost: 4, idleMs: 20 },
    answers: (host) => host.includes('z'),
  })
  const answered = new Set<Fetch>()
  const answer = async () => {
    for (const fetch of fetches) {
      if (!fetch.host.includes('z') || answered.has(fetch)) continue
      answered.add(fetch)
      fetch.finish()
    }
    return (await store.repos.counts()).states.active
  }
  await expect.poll(answer, { timeout: 30_000 }).toBe(6)
  const given = await store.repos.list({ state: 'error', limit: 100 })
  expect(given.length).toBeGreaterThan(0)
  expect(given.every(({ did }) => !did.includes(':z'))).toBe(true)
}, 40_000)

test('F8: a host that has not answered yet, or failed last time, holds one fetch and not all places', async () => {
  // More mute hosts than places stand before the good one, and fewer than there are sockets.
  const mute = [...'abcdefghijklmno'].flatMap((letter) => dids(letter, 4))
  const { fetches, store, scheduler } = await begin([...mute, ...dids('z', 12)], hostOf, {
    retryMs: { first: 600, longest: 36_000 },
    answers: (host) => host.includes('z'),
  })
  const done = new Set<Fetch>()
  const serve = async () => {
    for (const fetch of fetches) {
      if (!fetch.host.includes('z') || done.has(fetch)) continue
      done.add(fetch)
      fetch.finish()
    }
    return (await store.repos.counts()).states.active
  }
  await expect.poll(serve).toBe(12)
  const hosts = Map.groupBy(
    fetches.filter((fetch) => !done.has(fetch)),
    ({ host }) => host,
  )
  expect([...hosts.values()].every(({ length }) => length === 1)).toBe(true)

  // All of them fail; asked again they take no place before they answer.
  for (const [, [fetch]] of hosts)
    fetch?.fail(new XrpcError('mute', { code: 'timeout', url: '', retry: true }))
  await expect.poll(async () => (await store.repos.counts()).states.error).toBe(hosts.size)
  const before = fetches.length
  await expect.poll(() => fetches.length, { timeout: 20_000 }).toBeGreaterThan(before + 4)
  expect(scheduler.progress.fetching).toBe(scheduler.progress.idle)
})

test('F8: slow look-ups do not keep those who are known from being fetched', async () => {
  // More of them than the queue holds, and they never end.
  const { fetches, store } = await begin([...dids('a', 100), ...dids('z', 12)], hostOf, {
    identify: ({ did }, signal) => (did.includes(':a') ? never(signal) : known(did)),
  })
  const serve = async () => {
    for (const fetch of fetches.splice(0)) fetch.finish()
    return (await store.repos.counts()).states.active
  }
  await expect.poll(serve).toBe(12)
})

test('F8: while the directory is left alone, those are fetched who are known', async () => {
  const { fetches, store, scheduler } = await begin([], hostOf, { restsUntil: () => Date.now() + 60_000 })
  await store.repos.add([...dids('a', 3), ...dids('b', 2)])
  for (const did of dids('b', 2)) {
    const row = await store.repos.get(did)
    await store.repos.patch(row?.id ?? 0, { pds: hostOf(did), signingKey: 'did:key:z' })
  }
  scheduler.wake()
  await expect.poll(() => fetches.length).toBe(2)
  expect(fetches.map(({ host }) => host.at(8))).toEqual(['b', 'b'])
  expect((await store.repos.counts()).states).toMatchObject({ pending: 3, resyncing: 2 })
})

test('F8: did:webs on any number of mute hosts keep nobody of the directory, and nobody known, from being fetched', async () => {
  const mute = Array.from({ length: 600 }, (_, i) => `did:web:mute${i}.m${i % 100}.example`)
  const asked: string[] = []
  const { fetches, store, scheduler } = await begin(mute, hostOf, {
    identify: async ({ did, pds }, signal) => {
      if (pds === null) asked.push(did)
      return did.includes('mute') && pds === null ? never(signal) : known(did)
    },
  })
  await expect.poll(() => asked.length).toBe(32)
  await store.repos.add([...dids('z', 12), 'did:web:known.m0.example'])
  const row = await store.repos.get('did:web:known.m0.example')
  await store.repos.patch(row?.id ?? 0, { pds: 'https://k.example', signingKey: 'did:key:z' })
  scheduler.wake()
  const serve = async () => {
    for (const fetch of fetches.splice(0)) fetch.finish()
    return (await store.repos.counts()).states.active
  }
  await expect.poll(serve).toBe(13)
  expect(asked.filter((did) => did.includes('mute')).length).toBe(32)
})

test('F8: however many did:webs one domain has, those of another are looked up', async () => {
  const mute = Array.from({ length: 300 }, (_, i) => `did:web:h${i}.mute.example`)
  const others = Array.from({ length: 12 }, (_, i) => `did:web:w${i}.other.example`)
  const { fetches, store } = await begin([...mute, ...others], () => 'https://w.example', {
    identify: ({ did }, signal) => (did.includes('mute') ? never(signal) : known(did)),
  })
  const serve = async () => {
    for (const fetch of fetches.splice(0)) fetch.finish()
    return (await store.repos.counts()).states.active
  }
  await expect.poll(serve).toBe(12)
})

test('F8: whoever waits for the directory in vain keeps nobody known from being fetched', async () => {
  const { fetches, store, scheduler } = await begin(dids('a', 200), hostOf, {
    identify: ({ did, pds }, signal) => (pds === null ? never(signal) : known(did)),
  })
  await expect.poll(() => scheduler.progress.waiting, { timeout: 5_000 }).toBeGreaterThanOrEqual(128)
  await store.repos.add(dids('b', 2))
  for (const did of dids('b', 2)) {
    const row = await store.repos.get(did)
    await store.repos.patch(row?.id ?? 0, { pds: hostOf(did), signingKey: 'did:key:z' })
  }
  scheduler.wake()
  await expect.poll(() => fetches.length).toBe(2)
})

test('F8: a host that has told that our budget is used up is left alone until it is given anew', async () => {
  const { fetches, started, store } = await begin(dids('a', 3), hostOf, { perHost: 1 })
  await started(1)
  fetches[0]?.flight.limited({ limit: 100, remaining: 1, resetAt: Date.now() + 600_000 })
  fetches[0]?.finish()
  await started(2)
  fetches[1]?.finish()
  await expect
    .poll(async () => (await store.repos.counts()).states)
    .toMatchObject({ active: 2, desynchronized: 1 })
  const row = await store.repos.get('did:plc:a2')
  expect(row?.retryAt ?? 0).toBeGreaterThan(Date.now() + 500_000)
  expect(row).toMatchObject({ retryCount: 0, error: null })
  expect(fetches.length).toBe(2)
})

test('F8: a 429 pauses its host and counts for nobody; hosts beside it go on', async () => {
  const { fetches, started, store } = await begin([...dids('a', 8), ...dids('b', 2)], hostOf, {
    concurrency: 3,
  })
  await started(3)
  const at = fetches.find(({ host }) => host.includes('a')) as Fetch
  const options = { code: 'http', url: at.host, retry: true, status: 429, retryAfterMs: 1_800_000 }
  at.fail(new XrpcError('too many requests', options))
  await expect.poll(async () => (await store.repos.get(at.did))?.state).toBe('error')
  expect(await store.repos.get(at.did)).toMatchObject({ retryCount: 0 })
  for (const fetch of fetches) if (fetch.host.includes('b')) fetch.finish()
  await expect.poll(async () => (await store.repos.get('did:plc:b0'))?.state).toBe('active')
  await expect
    .poll(async () => ((await store.repos.get('did:plc:a7'))?.retryAt ?? 0) > Date.now() + 1_000_000)
    .toBe(true)
})

test('F9: a repo that is fetched again and again is spaced', async () => {
  const { fetches, started, store, scheduler } = await begin(dids('a', 1), hostOf, { resyncsPerMinute: 3 })
  for (let i = 1; i <= 3; i++) {
    await started(i)
    fetches[i - 1]?.finish()
    await expect.poll(async () => (await store.repos.get('did:plc:a0'))?.state).toBe('active')
    const row = await store.repos.get('did:plc:a0')
    await store.repos.patch(row?.id ?? 0, { state: 'desynchronized' })
    scheduler.wake()
  }
  await expect
    .poll(async () => ((await store.repos.get('did:plc:a0'))?.retryAt ?? 0) - Date.now())
    .toBeGreaterThan(10_000)
  expect(fetches.length).toBe(3)
})

test('F13: a failed repo is due again after a growing wait, and stays listed with its error', async () => {
  const { fetches, started, store, scheduler } = await begin(dids('a', 1), hostOf)
  const waits: number[] = []
  for (let i = 1; i <= 3; i++) {
    await started(i)
    fetches[i - 1]?.fail(new Error(`broken ${i}`))
    await expect.poll(async () => (await store.repos.get('did:plc:a0'))?.retryCount).toBe(i)
    const row = await store.repos.get('did:plc:a0')
    expect(row).toMatchObject({ state: 'error', error: `broken ${i}` })
    waits.push((row?.retryAt ?? 0) - Date.now())
    await store.repos.patch(row?.id ?? 0, { retryAt: 0 })
    scheduler.wake()
  }
  // A minute, two, four: less up to half of it by jitter.
  for (const [i, wait] of waits.entries()) {
    expect(wait).toBeGreaterThan(29_000 * 2 ** i)
    expect(wait).toBeLessThanOrEqual(60_000 * 2 ** i)
  }
})

describe('progress', () => {
  test('tells what came, how fast, and what is left', async () => {
    const { scheduler, fetches, started } = await begin(dids('a', 2), hostOf)
    await started(2)
    fetches[0]?.flight.received(500)
    fetches[0]?.flight.proven(7)
    expect(scheduler.progress).toMatchObject({ fetching: 2, records: 7, bytes: 500, done: 0 })
    const left = (repos: number, postponed = 0) =>
      estimate(scheduler.progress, { repos, postponed, failing: 0 })
    expect(left(10)).toMatchObject({ repos: 10, records: null, bytes: null, etaMs: null })
    fetches[0]?.finish(10)
    await expect.poll(() => scheduler.progress.done).toBe(1)
    expect(left(10)).toMatchObject({ records: 100, bytes: 10_000 })
    await expect.poll(() => scheduler.progress.perSecond, { timeout: 5_000 }).not.toBe(null)
    await expect.poll(() => left(10).etaMs, { timeout: 5_000 }).toBeGreaterThan(0)
    expect(left(0).etaMs).toBe(0)
    // Whoever is not due, or waits for a host, has no time of arrival.
    expect(left(10, 10)).toMatchObject({ etaMs: null, waiting: { repos: 10, hosts: 0 } })
    fetches[1]?.fail(new XrpcError('mute', { code: 'timeout', url: '', retry: true }))
    await expect.poll(() => scheduler.progress.stuck).toEqual({ hosts: 1, repos: 0 })
    expect(left(10, 10)).toMatchObject({ etaMs: null, waiting: { repos: 10, hosts: 1 } })
  })
})

test('stopping gives back what was claimed; the fetches under way end', async () => {
  const { scheduler, store, started } = await begin(dids('a', 10), hostOf)
  await started(2)
  await scheduler.stop()
  expect((await store.repos.counts()).states).toMatchObject({ resyncing: 0 })
  expect((await store.repos.list({ limit: 20 })).every(({ retryCount }) => retryCount === 0)).toBe(true)
})
