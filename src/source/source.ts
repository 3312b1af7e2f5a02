export interface SourceStatus {
  readonly url: string
  readonly connected: boolean
  /** Low watermark, the cursor to be saved; null where the source keeps its own. */
  readonly cursor: number | null
  /** Events read and not finished. */
  readonly open: number
  /** How old the newest event was when it was read, ms; null where that is not known. */
  readonly lagMs: number | null
}

/** Whatever tells us what happens: a firehose, a Tap, a Jetstream. */
export interface Source {
  readonly status: SourceStatus
  /** Whether everything up to `seq` (null: as far as it was received) is done. */
  reached(seq: number | null): boolean
  /** The cursor as it was saved last. */
  saved(): Promise<string | null>
  /** Begins to follow; `onFailure` hears when that is over for good. */
  start(onFailure: (error: unknown) => void): Promise<void>
  /** Reads no more. What was read goes on. */
  end(): Promise<void>
  /** Saves the cursor for the last time. */
  close(): Promise<void>
}
