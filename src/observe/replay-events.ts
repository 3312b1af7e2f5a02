import type { Observer } from './observer.ts'

/** Handlers or lexicons are not as they were. */
export function replayDue(o: Observer, facts: { reason: string; automatic: boolean }): void {
  o.log[facts.automatic ? 'info' : 'warn'](facts.reason)
}

/** A replay of stored records begins, or goes on where it was interrupted. */
export function replayStarted(
  o: Observer,
  facts: { records: number; done: number; collections: readonly string[]; reasons: readonly string[] },
): void {
  o.log.info(facts, facts.done === 0 ? 'replay started' : 'replay goes on where it was interrupted')
}

/** One transaction of a replay committed. */
export function replayed(o: Observer, facts: { records: number }): void {
  o.metrics.count(
    'lextap_replayed_records_total',
    'Stored records handed to handlers again',
    {},
    facts.records,
  )
}

export function replayFinished(
  o: Observer,
  facts: { done: number; missing: number; letters: number; ms: number },
): void {
  const { done, missing, letters, ms } = facts
  o.log.info({ done, missing, letters, ms: Math.round(ms) }, 'replay finished')
  if (facts.missing > 0)
    o.log.warn(
      { missing: facts.missing },
      'records without a stored body were left out: lextap replay --fetch has them fetched again',
    )
}

export function replayFailed(o: Observer, facts: { error: unknown }): void {
  o.log.error({ err: facts.error }, 'the replay cannot be done')
}

/** Another process works on it. */
export function replayLeft(o: Observer): void {
  o.log.debug('another process took the replay over')
}

/** Records that went while their handler was away were told to it. */
export function owedTold(o: Observer, facts: { collection: string; records: number }): void {
  o.log.info(facts, 'a handler is there again: it was told of the records that went while it was away')
}
