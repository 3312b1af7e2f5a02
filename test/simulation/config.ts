import { resolve } from 'node:path'
import type { TapConfig } from '../../src/config/types.ts'
import type { Network, Random, TrafficWeights } from '../../src/testing/index.ts'

/**
 * A config of the many. `guarded`: no private address but those of the operator's own servers may be asked (rule F10),
 * which takes a network with one PDS, named as the source of repos.
 */
export function chooseConfig(
  network: Network,
  random: Random,
  database: string,
  guarded: boolean,
): TapConfig & { track: NonNullable<TapConfig['track']> } {
  const { relay, relayHttp, plc } = network
  const track = random.weighted<NonNullable<TapConfig['track']>>([
    [{ network: 'full' }, 6],
    [{ signal: ['xyz.statusphere.status'] }, 2],
    [{ dids: [] }, 2],
  ])
  const mirror = random.chance(0.25)
  return {
    database,
    migrations: resolve('test/simulation/migrations'),
    relay,
    plc,
    track,
    records: random.pick(['keep', 'index']),
    ...(guarded
      ? { upstream: { repos: network.pdses[0].url } }
      : mirror
        ? { upstream: { repos: relayHttp } }
        : {}),
    policy: { legacy: random.pick(['proven', 'resync', 'reject']) },
    stream: {
      concurrency: random.pick([1, 8, 512]),
      maxQueued: random.pick([4, 64, 4096]),
      cursorIntervalMs: random.pick([10, 100, 1000]),
      reconnectMs: { first: 5, longest: 100 },
    },
    identity: { ttlMs: random.pick([1000, 86_400_000]), refreshMs: 50 },
    discovery: {
      relistMs: random.pick([1000, 3_600_000]),
      reconcileMs: random.pick([1000, 86_400_000]),
      reconcileGraceMs: random.pick([0, 300]),
    },
    backfill: {
      concurrency: random.pick([1, 3, 8]),
      perHost: random.pick([1, 4]),
      maxBytes: 20_000_000,
      stallMs: 1000,
      allowPrivateHosts: !guarded,
      retryMs: { first: 40, longest: 400 },
      resyncsPerMinute: 100_000,
    },
    handling: { attempts: 3, timeoutMs: 200 },
  }
}

/** What happens in the network more often than usual. */
export function chooseWeights(random: Random): Partial<TrafficWeights> {
  const more = (usual: number) => (random.chance(0.4) ? usual * 4 : usual)
  return {
    rotate: more(1),
    pause: more(0.7),
    resume: more(2),
    move: more(0.5),
    sync: more(0.5),
    handle: more(1),
    removeAccount: more(0.2),
    newAccount: more(0.6),
    empty: more(1),
  }
}
