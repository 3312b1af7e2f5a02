import type { Fault } from '../../database.ts'

/** A value as it goes over the wire: text, or bytes. */
export type WireValue = string | Buffer | null

export interface WireResult {
  readonly rows: Record<string, unknown>[]
  /** Rows affected or returned; null where the command counts nothing. */
  readonly count: number | null
  readonly command: string
}

/**
 * One connection that answers statements in the order they were sent, without waiting in between. What
 * `pg` and PGlite differ in is behind this.
 */
export interface Wire {
  /** `own`: one of our statements, with integers as numbers; else as the user's driver would return them. */
  query(text: string, values: readonly WireValue[], own: boolean): Promise<WireResult>
  /** A `copy … from stdin` with all of its data; null where the driver has no such thing. */
  readonly copy: ((text: string, data: Buffer) => Promise<WireResult>) | null
  /** Asks the server to break off the statement under way. */
  cancel(): Promise<void>
  /** The connection is lost. */
  readonly broken: boolean
  faultOf(error: unknown): Fault | null
}
