import type { Observer } from './observer.ts'

const EVENTS = 'Events of a Tap or a Jetstream by what became of them'

/** `applied`, `seen` (we had it already), `ignored` (not ours), `invalid`. */
export function feedEvents(o: Observer, source: string, outcome: string, events: number): void {
  if (events > 0) o.metrics.count('lextap_feed_events_total', EVENTS, { source, outcome }, events)
}

export function feedNonsense(o: Observer, facts: { source: string; reason: string; text: string }): void {
  feedEvents(o, facts.source, 'invalid', 1)
  o.log.warn({ ...facts, text: facts.text.slice(0, 500) }, 'an event that makes no sense was passed over')
}

/** The content does not hash to the CID it came with. */
export function feedMismatch(o: Observer, facts: { source: string; uri: string; cid: string }): void {
  o.metrics.count(
    'lextap_feed_mismatches_total',
    'Records of a feed whose content is not what their CID says',
    {
      source: facts.source,
    },
  )
  o.log.debug(facts, 'a record does not hash to its CID')
}

export function upstreamRefused(
  o: Observer,
  facts: { what: string; dids: number; error: string; waitMs: number },
): void {
  o.metrics.count('lextap_feed_requests_failed_total', 'Requests to the Tap we follow that failed', {
    what: facts.what,
  })
  o.log.warn(
    { ...facts, waitMs: Math.round(facts.waitMs) },
    'the Tap we follow did not take a request; trying again',
  )
}
