import type { Observer } from './observer.ts'

/** A single statement met trouble of the database itself and waits. */
export function databaseFailed(
  o: Observer,
  facts: { fault: string; failures: number; waitMs: number; error: unknown },
): void {
  const { error, ...rest } = facts
  o.metrics.count('lextap_statement_faults_total', 'Statements that failed because of the database', {
    fault: facts.fault,
  })
  o.log.warn({ ...rest, err: error }, 'the database failed; trying again')
}

/** What is stored is broken: nothing more can be done with it. */
export function databaseDamaged(o: Observer, error: unknown): void {
  o.metrics.count('lextap_statement_faults_total', 'Statements that failed because of the database', {
    fault: 'damaged',
  })
  o.log.fatal({ err: error }, 'the database is damaged')
}

/** A migration's file is not what it was when it ran. */
export function migrationEdited(o: Observer, { advice }: { readonly advice: string }): void {
  o.log.warn(advice)
}
