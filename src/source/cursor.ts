import type { Observer } from '../observe/observer.ts'
import { cursorSaved, streamStuck } from '../observe/source-events.ts'
import type { Watermark } from './watermark.ts'

export interface CursorSaverOptions {
  readonly watermark: Watermark
  /** Scope of the cursor: host and NSID (rule A7). */
  readonly source: string
  readonly save: (value: number) => Promise<void>
  readonly observer: Observer
  /** Ms between saves. Default 1000. */
  readonly everyMs?: number
  /** The watchdog speaks when one event held the watermark for so long, ms. Default 30000. */
  readonly stuckMs?: number
}

/** Saves the low watermark on its own clock (rule A8) and says when it stands still (rule A12). */
export class CursorSaver {
  readonly #options: CursorSaverOptions
  #saved: number | null = null
  #timer: NodeJS.Timeout | null = null
  #saving: Promise<void> = Promise.resolve()
  #waitingOn: number | null = null
  #since = 0

  constructor(options: CursorSaverOptions) {
    this.#options = options
    this.#saved = options.watermark.value
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#watch()
      this.save().catch((error) =>
        this.#options.observer.log.warn({ err: error }, 'the cursor could not be saved'),
      )
    }, this.#options.everyMs ?? 1000)
  }

  /** Saves now, if the watermark moved. Saves never overlap. */
  save(): Promise<void> {
    const run = this.#saving.then(async () => {
      const { watermark, save, source, observer } = this.#options
      const value = watermark.value
      if (value === null || value === this.#saved) return
      await save(value)
      this.#saved = value
      cursorSaved(observer, { source, cursor: value, open: watermark.open })
    })
    this.#saving = run.catch(() => {})
    return run
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    await this.save()
  }

  #watch(): void {
    const { watermark, observer, stuckMs = 30_000 } = this.#options
    const seq = watermark.waitingOn
    if (seq !== this.#waitingOn) {
      this.#waitingOn = seq
      this.#since = Date.now()
    } else if (seq !== null && Date.now() - this.#since >= stuckMs) {
      streamStuck(observer, { seq, did: null, forMs: Date.now() - this.#since })
      this.#since = Date.now()
    }
  }
}
