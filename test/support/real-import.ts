import { expect } from 'vitest'
import type { TapConfig } from '../../src/config/types.ts'
import type { RepoRow } from '../../src/store/repo-row.ts'
import { bulkCar } from './bulk-car.ts'
import { expectEachOnce, expectTruth } from './compare.ts'
import { COLLECTIONS } from './plain-handlers.ts'
import type { RealNetwork } from './real-network.ts'
import type { RealRelay } from './real-relay.ts'
import { type RunningTap, type RunTapOptions, runTap } from './run-tap.ts'

/** For `expect.poll`: the machine may have other things to do. */
export const patient = { timeout: 60_000 }

export function only(did: string): TapConfig {
  return { track: { dids: [did] } }
}

export function upstreamOf(network: RealNetwork, relay: RealRelay): RunTapOptions['network'] {
  const { plc, resolveHandle } = network
  return { relay: relay.ws, relayHttp: relay.http, plc, resolveHandle }
}

export function rowOf(running: RunningTap, did: string): Promise<RepoRow | null> {
  return running.tap.store.repos.get(did)
}

/** Fetches that failed. */
export async function failures(running: RunningTap): Promise<number> {
  const resyncs = await running.observer.metrics.values('lextap_resyncs_total')
  return resyncs.reduce((sum, { labels, value }) => sum + (labels.outcome === 'failed' ? value : 0), 0)
}

/** The tables hold what the host holds of this account, and each event came once. */
export async function expectAccountLevel(
  network: RealNetwork,
  relay: RealRelay,
  running: RunningTap,
  did: string,
): Promise<void> {
  await running.tap.settled({ seq: await relay.level() })
  const truth = [...(await network.truth([...COLLECTIONS]))].filter(([uri]) => uri.includes(did))
  await expectTruth(running, new Map(truth))
  await expectEachOnce(running)
}

/**
 * A repo of `count` records goes into a real PDS by one call. Nobody can verify it before the first write there: until
 * then lextap has nothing of it, says why, and asks once; after it the tables hold all of it.
 */
export async function expectImportFollowed(
  network: RealNetwork,
  relay: RealRelay,
  count: number,
): Promise<void> {
  const greta = await network.createAccount('greta')
  await greta.importRepo(bulkCar(greta.did, count))
  await using running = await runTap({ network: upstreamOf(network, relay), config: only(greta.did) })
  await expect.poll(async () => (await rowOf(running, greta.did))?.state, patient).toBe('error')
  expect((await rowOf(running, greta.did))?.error).toContain("not signed by the account's key")
  expect((await running.tap.status()).repos.states).toMatchObject({ error: 1 })
  expect(await running.rows('rec')).toEqual([])
  await expect.poll(async () => (await running.tap.status()).relay.connected, patient).toBe(true)
  const record = (text: string) => ({ status: text, createdAt: '2026-01-01T00:00:00.000Z' })
  await greta.create('xyz.statusphere.status', record('the first write'))
  await expectAccountLevel(network, relay, running, greta.did)
  expect((await running.rows('rec')).length).toBeGreaterThan(count * 0.9)
  expect(await failures(running)).toBe(1)
  await greta.create('xyz.statusphere.status', record('live'))
  await expectAccountLevel(network, relay, running, greta.did)
}
