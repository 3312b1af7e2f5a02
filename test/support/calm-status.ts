import type { StatusView } from '../../src/server/ui/view.ts'

/** The status of a tap to which nothing is owed, and what is to be different of it. */
export function calmStatus(over: Partial<StatusView> = {}): StatusView {
  return {
    relay: { url: 'wss://relay.example', connected: true, cursor: 42, open: 0, lagMs: 40 },
    repos: {
      total: 3,
      states: { pending: 0, resyncing: 0, active: 3, desynchronized: 0, error: 0 },
      standings: { active: 3 },
    },
    backfill: {
      ...{ fetching: 0, idle: 0, records: 700, done: 3, perSecond: null },
      left: { repos: 0, etaMs: 0, waiting: { repos: 0, hosts: 0 }, failing: 0 },
    },
    listings: [{ list: 'collection:xyz.statusphere.status', listed: 3, rounds: 1 }],
    rejections: { invalid: {}, discontinuous: {}, legacy: {}, streams: {}, fetches: {}, records: {} },
    replay: null,
    bodies: { kept: true, bytes: 70_300 },
    outbox: null,
    ...over,
  }
}
