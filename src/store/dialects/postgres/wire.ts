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

/** The protocol counts them in 16 bits. */
const MAX_PARAMETERS = 65_535

/** Drivers send the count's last 16 bits, and the server's answer speaks of a broken protocol. */
export function tooManyParameters(values: readonly WireValue[]): Error | null {
  if (values.length <= MAX_PARAMETERS) return null
  return new Error(
    `a statement can have at most ${MAX_PARAMETERS} parameters; it has ${values.length}: write the rows in several statements, or with rows.<table>`,
  )
}
