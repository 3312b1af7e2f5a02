import type { Observer } from './observer.ts'

const MESSAGES = 'Messages of tracked repos by what became of them'

/** A message of a tracked repo ended: `applied`, `seen`, `ignored`, `buffered`, `invalid`, `discontinuous`. */
export function messageEnded(o: Observer, kind: string, outcome: string, rule: string | null): void {
  o.metrics.count('lextap_messages_total', MESSAGES, { kind, outcome, rule: rule ?? '' })
}

/** A message broke a rule by itself: dropped, counted by rule, the repo resyncs. */
export function messageInvalid(
  o: Observer,
  facts: { kind: string; did: string; seq: number | null; rule: string; message: string },
): void {
  messageEnded(o, facts.kind, 'invalid', facts.rule)
  o.log.warn(facts, 'invalid message dropped')
}

/** A valid message that is not the successor of what we hold. */
export function messageDiscontinuous(
  o: Observer,
  facts: { kind: string; did: string; seq: number | null; rule: string; message: string },
): void {
  messageEnded(o, facts.kind, 'discontinuous', facts.rule)
  o.log.info(facts, 'out of step with a repo: resyncing it')
}

export function legacyCommit(o: Observer, facts: { did: string; rev: string }): void {
  o.metrics.count(
    'lextap_legacy_commits_total',
    'Commits without Sync 1.1 proofs, accepted by policy (rule B18)',
  )
  o.log.debug(facts, 'legacy commit proven against its signed tree')
}

export function repoDiscovered(o: Observer, facts: { did: string; by: string }): void {
  o.metrics.count('lextap_discovered_total', 'Repos found by themselves', { by: facts.by })
  o.log.debug(facts, 'repo discovered')
}

/** Relays list exact NSIDs alone: of a wildcard, those we have a lexicon of. */
export function wildcardSignal(o: Observer, signal: string, listed: readonly string[]): void {
  const which =
    listed.length === 0
      ? 'none of it is listed, for want of a lexicon'
      : `listed ${listed.length === 1 ? 'is' : 'are'} ${listed.join(', ')}`
  o.log.warn(
    { signal, listed },
    `relays list repos by exact collections: of ${signal} ${which}; repos that hold only others are found when they commit them live. Add a lexicon (lextap lexicon add) or name the collection in \`track.signal\` to have them listed`,
  )
}

export function resyncStarted(o: Observer, facts: { did: string; host: string; first: boolean }): void {
  o.log.debug(facts, facts.first ? 'backfill started' : 'resync started')
}

export function resyncFinished(
  o: Observer,
  facts: { did: string; first: boolean; records: number; deleted: number; bytes: number; ms: number },
): void {
  const kind = facts.first ? 'backfill' : 'resync'
  o.metrics.count('lextap_resyncs_total', 'Repos fetched, by kind, outcome and why not', {
    kind,
    outcome: 'done',
    reason: '',
  })
  o.metrics.count('lextap_fetched_records_total', 'Records read from fetched repos', {}, facts.records)
  o.metrics.count('lextap_fetched_bytes_total', 'Bytes read from fetched repos', {}, facts.bytes)
  o.metrics.count(
    'lextap_vanished_records_total',
    'Records deleted because a complete fetch did not hold them any more (rule F4)',
    {},
    facts.deleted,
  )
  o.metrics.time('lextap_resync_seconds', 'Time from fetch to cut-over', facts.ms / 1000)
  o.log.debug({ ...facts, ms: Math.round(facts.ms) }, `${kind} finished`)
}

export function resyncFailed(
  o: Observer,
  facts: { did: string; error: string; reason: string; retryAt: number | null; failures: number },
): void {
  o.metrics.count('lextap_resyncs_total', 'Repos fetched, by kind, outcome and why not', {
    kind: 'any',
    outcome: 'failed',
    reason: facts.reason,
  })
  const retryAt = facts.retryAt === null ? null : new Date(facts.retryAt).toISOString()
  o.log.warn({ ...facts, retryAt }, 'a repo could not be fetched; trying again later')
}

export function hostPaused(o: Observer, facts: { host: string; reason: string; forMs: number }): void {
  o.metrics.count('lextap_host_pauses_total', 'Times a host asked us to wait or was unreachable')
  o.log.info({ ...facts, forMs: Math.round(facts.forMs) }, 'leaving a host alone for a while')
}

export function bufferOverflowed(o: Observer, facts: { did: string }): void {
  o.metrics.count(
    'lextap_buffer_overflows_total',
    'Resyncs started over because too many commits arrived meanwhile',
  )
  o.log.warn(facts, 'too many live commits during a resync: starting it over')
}

export function repoRemoved(o: Observer, facts: { did: string; records: number }): void {
  o.metrics.count('lextap_repos_removed_total', 'Repos that are not tracked any more')
  o.log.info(facts, 'repo removed')
}

/** The project indexes other collections than when it ran last. */
export function collectionsChanged(
  o: Observer,
  facts: {
    added: readonly string[]
    handled: readonly string[]
    removed: readonly string[]
    /** To be fetched again. */
    repos: number
  },
): void {
  const again = facts.repos > 0 ? ': repos are fetched again for what is new' : ''
  o.log.info(facts, `other collections than before${again}`)
}

export function listingFailed(o: Observer, facts: { list: string; error: string; waitMs: number }): void {
  o.metrics.count('lextap_listing_failures_total', 'Pages of a repo listing that could not be read', {
    list: facts.list,
  })
  o.log.warn({ ...facts, waitMs: Math.round(facts.waitMs) }, 'a listing of repos failed; trying again')
}

/** The host does not offer the list at all. */
export function listingRefused(o: Observer, facts: { list: string; host: string; error: string }): void {
  o.metrics.count('lextap_listing_failures_total', 'Pages of a repo listing that could not be read', {
    list: facts.list,
  })
  o.log.error(
    facts,
    'the host does not offer this list, so quiet repos cannot be found: set upstream.lists to a relay that does',
  )
}

export function listingFinished(o: Observer, facts: { list: string; repos: number; added: number }): void {
  // Read again and again: only news is worth a line.
  o.log[facts.added > 0 ? 'info' : 'debug'](facts, 'a listing of repos is complete')
}

export function walkThreadFailed(o: Observer, error: unknown): void {
  o.log.warn({ err: error }, 'the thread that proves repos failed; what it was at is tried again')
}
