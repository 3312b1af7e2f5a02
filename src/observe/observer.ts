import type { Logger } from 'pino'
import type { Metrics } from './metrics.ts'

/** Handed to every room: the functions of `events.ts` take it and do metric and log together. */
export interface Observer {
  readonly log: Logger
  readonly metrics: Metrics
}
