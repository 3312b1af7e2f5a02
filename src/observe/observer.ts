import type { Logger } from 'pino'
import { createLogger, type LoggerOptions } from './logger.ts'
import { Metrics } from './metrics.ts'

/** Handed to every room: the functions of `events.ts` take it and do metric and log together. */
export interface Observer {
  readonly log: Logger
  readonly metrics: Metrics
}

/** A logger and a metrics registry of its own. */
export function createObserver(options: LoggerOptions = {}): Observer {
  return { log: createLogger(options), metrics: new Metrics() }
}
