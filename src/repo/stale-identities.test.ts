import { expect, test, vi } from 'vitest'
import { listener } from '../../test/support/observer.ts'
import { StaleIdentities, type StaleIdentitiesDeps } from './stale-identities.ts'

const did = (n: number) => `did:plc:${n}`
const old = (n: number) => ({ did: did(n), identifiedAt: null })

function setUp(deps: Partial<StaleIdentitiesDeps> = {}): { asked: string[]; stale: StaleIdentities } {
  const asked: string[] = []
  const refresh = async (whose: string) => {
    asked.push(whose)
    return Date.now()
  }
  const stale = new StaleIdentities({
    ...{ observer: listener(), ttlMs: 1000, refresh, restsUntil: () => 0 },
    ...deps,
  })
  return { asked, stale }
}

const done = ({ stale }: { stale: StaleIdentities }) => expect.poll(() => stale.idle).toBe(true)

test('D2: an identity is looked up when it is as old as it is trusted, or when nobody knows how old it is', async () => {
  const t = setUp()
  t.stale.look({ did: did(1), identifiedAt: Date.now() })
  expect(t.stale.idle).toBe(true)
  t.stale.look({ did: did(2), identifiedAt: Date.now() - 1000 })
  t.stale.look(old(3))
  await done(t)
  expect(t.asked).toEqual([did(2), did(3)])
})

test('an account is looked up once at a time, and so many of them at once; who finds no room is left for later', async () => {
  const held = Promise.withResolvers<number>()
  const refresh = vi.fn(() => held.promise)
  const { stale } = setUp({ refresh, atOnce: 2, maxWaiting: 3 })
  for (let round = 0; round < 3; round++) for (let n = 0; n < 10; n++) stale.look(old(n))
  expect(refresh).toHaveBeenCalledTimes(2)
  held.resolve(Date.now())
  await done({ stale })
  expect(refresh).toHaveBeenCalledTimes(5)
  stale.look(old(9))
  await done({ stale })
  expect(refresh).toHaveBeenCalledTimes(6)
})

test.each([
  ['fails', () => Promise.reject(new Error('out of reach'))],
  ['still says what is old', async () => 0],
])('a directory that %s is asked later and later', async (_, refresh) => {
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    const asked = vi.fn(refresh)
    const t = setUp({ refresh: asked, retryMs: { first: 100, longest: 300 } })
    const calls: number[] = []
    for (const passed of [0, 99, 1, 100, 100, 299, 1, 299, 1]) {
      vi.setSystemTime(Date.now() + passed)
      t.stale.look(old(1))
      await done(t)
      calls.push(asked.mock.calls.length)
    }
    expect(calls).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5])
  } finally {
    vi.useRealTimers()
  }
})

test('nobody is looked up while the directory is left alone', async () => {
  let until = Date.now() + 50
  const t = setUp({ restsUntil: () => until })
  t.stale.look(old(1))
  t.stale.look(old(2))
  expect(t.asked).toEqual([])
  expect(t.stale.idle).toBe(true)
  until = 0
  await expect.poll(() => t.asked).toEqual([did(1), did(2)])
})

test('stopping gives up what waits and ends what runs', async () => {
  const refresh = vi.fn(
    (_: string, signal: AbortSignal) =>
      new Promise<number>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
      }),
  )
  const { stale } = setUp({ refresh, atOnce: 1 })
  stale.look(old(1))
  stale.look(old(2))
  await stale.stop()
  stale.look(old(3))
  expect(refresh).toHaveBeenCalledTimes(1)
})
