import type { Observer } from './observer.ts'

const state = (o: Observer, up: 0 | 1) =>
  o.metrics.gauge('lextap_relay_connected', 'Whether the firehose is connected (1) or not (0)', up)

const FIREHOSE = 'the firehose'

/** `what` is followed, in words: not everybody follows a firehose. */
export function relayConnected(
  o: Observer,
  facts: { url: string; cursor?: number | null },
  what: string = FIREHOSE,
): void {
  state(o, 1)
  o.log.info(facts, `following ${what}`)
}

export function relayDisconnected(
  o: Observer,
  facts: { url: string; reason: string; waitMs: number },
  what: string = FIREHOSE,
): void {
  state(o, 0)
  o.metrics.count(
    'lextap_relay_disconnects_total',
    'Firehose connections that ended after they had delivered something',
  )
  o.log.warn(
    { ...facts, waitMs: Math.round(facts.waitMs) },
    `the connection to ${what} ended; connecting again`,
  )
}

export function relayUnreachable(
  o: Observer,
  facts: { url: string; reason: string; waitMs: number; failures: number },
  what: string = FIREHOSE,
): void {
  state(o, 0)
  o.metrics.count('lextap_relay_failures_total', 'Attempts to connect to the firehose that delivered nothing')
  o.log.warn({ ...facts, waitMs: Math.round(facts.waitMs) }, `${what} cannot be reached; trying again`)
}

/** A rule of the stream itself was broken (A1, A5, A6, A9): the connection ends. */
export function streamBroken(
  o: Observer,
  facts: { rule: string; message: string; seq: number | null },
): void {
  o.metrics.count('lextap_stream_broken_total', 'Connections ended because the stream broke a rule', {
    rule: facts.rule,
  })
  o.log.error(facts, 'the firehose broke a rule; ending the connection')
}

/** The source is a PDS: it may only speak for accounts that live there (rule G1). */
export function directSource(o: Observer, facts: { url: string; did: string }): void {
  o.log.info(facts, 'the firehose is that of a PDS: messages about accounts of other hosts are refused')
}

const countGap = (o: Observer) =>
  o.metrics.count(
    'lextap_gaps_total',
    'Times events were missed (rule A4): the relay no longer had those after our cursor, or there was no cursor',
  )

export function gapSeen(o: Observer, facts: { message: string | null; cursor: number | null }): void {
  countGap(o)
  o.log.warn(
    facts,
    'our cursor is older than what the relay keeps: events were missed, comparing revs of all repos',
  )
}

/** There is no cursor, but repos from before: whatever they did since went past us. */
export function headGapSeen(o: Observer, facts: { url: string; repos: number }): void {
  countGap(o)
  o.log.warn(
    facts,
    'the firehose is followed from its head, and repos are from before: events were missed, comparing revs of all repos',
  )
}

/** A listing left out more repos than are asked after one by one. */
export function unlistedLeft(o: Observer, facts: { asked: number }): void {
  o.log.warn(
    facts,
    'the host does not list many of the repos that are followed: the others were not asked after',
  )
}

/** A gap from before this start was not closed yet. */
export function gapResumed(o: Observer): void {
  o.log.info({}, 'events were missed before the last stop: comparing revs of all repos')
}

export function framesSeen(o: Observer, frames: number, skipped: number): void {
  const help = 'Frames read from the firehose'
  if (frames > skipped) o.metrics.count('lextap_frames_total', help, { outcome: 'handled' }, frames - skipped)
  if (skipped > 0) o.metrics.count('lextap_frames_total', help, { outcome: 'skipped' }, skipped)
}

export function lagSeen(o: Observer, seconds: number): void {
  o.metrics.gauge('lextap_lag_seconds', 'Age of the newest firehose event when it was read', seconds)
}

export function cursorSaved(o: Observer, facts: { source: string; cursor: number; open: number }): void {
  o.metrics.gauge('lextap_cursor', 'Saved low watermark of the firehose', facts.cursor)
  o.metrics.gauge('lextap_open_events', 'Events read from the firehose and not finished', facts.open)
  o.log.trace(facts, 'cursor saved')
}

export function streamStuck(o: Observer, facts: { seq: number; did: string | null; forMs: number }): void {
  o.metrics.count('lextap_stuck_total', 'Times the watchdog found one event holding the watermark')
  o.log.warn(facts, 'one event has been holding the cursor')
}
