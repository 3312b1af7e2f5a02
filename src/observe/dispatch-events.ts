import type { Observer } from './observer.ts'

/** A transaction committed. `works` units and retries in it, `events` handed to handlers, `letters` given up. */
export function batchApplied(
  o: Observer,
  facts: { works: number; stale: number; events: number; letters: number; ms: number },
): void {
  o.metrics.count('lextap_batches_total', 'Transactions committed')
  o.metrics.count(
    'lextap_units_total',
    'Commits, backfill chunks and account changes by what became of them',
    { outcome: 'applied' },
    facts.works - facts.stale,
  )
  if (facts.stale > 0)
    o.metrics.count(
      'lextap_units_total',
      'Commits, backfill chunks and account changes by what became of them',
      { outcome: 'stale' },
      facts.stale,
    )
  o.metrics.count('lextap_events_total', 'Events handed to handlers', {}, facts.events)
  o.metrics.time('lextap_batch_seconds', 'Time of one transaction', facts.ms / 1000)
  o.log.trace({ ...facts, ms: Math.round(facts.ms) }, 'batch committed')
}

/**
 * The database failed; the batch will run again, or be looked through for the event at fault (`halving`). `did`,
 * `collection` and `rkey` say at which event it failed, or the first of `among` events where that cannot be told.
 */
export function batchFailed(
  o: Observer,
  facts: {
    fault: string
    works: number
    failures: number
    halving: boolean
    waitMs: number
    error: unknown
    did?: string
    collection?: string
    rkey?: string
    among?: number
  },
): void {
  const { error, halving, ...rest } = facts
  o.metrics.count('lextap_database_faults_total', 'Transactions that failed because of the database', {
    fault: facts.fault,
  })
  const next = halving ? 'trying the batch in halves for the event at fault' : 'trying the batch again'
  o.log.warn({ ...rest, err: error }, `the database failed; ${next}`)
}

/** An op could not be applied and became a dead letter. */
export function letterWritten(
  o: Observer,
  letter: { did: string; collection: string; rkey: string; action: string; kind: string; error: string },
): void {
  const { did, collection, rkey, action, kind, error } = letter
  o.metrics.count('lextap_dead_letters_total', 'Ops that became dead letters', { kind, collection })
  o.log.warn(
    { did, collection, rkey, action, kind, error: error.split('\n', 1)[0] },
    'an event became a dead letter',
  )
}

/** A record broke a rule (H1 the data model, H2 its `$type`, H3 its lexicon), and what the policy made of it. */
export function recordInvalid(
  o: Observer,
  facts: { collection: string; rule: string; policy: string },
): void {
  const { collection, rule, policy } = facts
  o.metrics.count(
    'lextap_invalid_records_total',
    'Records that broke a rule, by what the policy made of them',
    {
      collection,
      rule,
      policy,
    },
  )
}

/** A function given to `afterCommit` threw. */
export function hookFailed(o: Observer, error: unknown): void {
  o.metrics.count('lextap_after_commit_failures_total', 'Functions given to afterCommit that threw')
  o.log.error({ err: error }, 'a function given to afterCommit threw')
}
