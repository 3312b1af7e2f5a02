import type { Lanes } from '../async/lanes.ts'
import { InvalidError, LextapError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import { framesSeen, gapSeen, streamBroken } from '../observe/source-events.ts'
import { decodeFrame, type FrameHead, peekFrame } from '../protocol/frame.ts'
import { Lag } from './lag.ts'
import { giveBack, ownCopy } from './own-bytes.ts'
import { futureCursorError, type Relay } from './relay.ts'
import type { Watermark } from './watermark.ts'

export interface FollowOptions {
  readonly relay: Relay
  readonly watermark: Watermark
  readonly lanes: Lanes<string>
  readonly observer: Observer
  readonly url: string
  /** Seq the first connection resumed from, null for the head. */
  readonly cursor: number | null
  /** Whether anything needs to be done for this frame; false closes it without decoding more. */
  readonly select: (head: FrameHead, frame: Uint8Array) => boolean
  /**
   * Does the work of one selected frame; its effects are committed when it resolves, and the frame's memory is given
   * back: nothing may look at it any more. Resolves with the error of what is no frame at all (rule A1).
   */
  readonly handle: (frame: Uint8Array, head: FrameHead) => Promise<InvalidError | null>
  /** Without a cursor: the stream begins with this event. Awaited before anything is done with it. */
  readonly onFirst?: (seq: number) => Promise<void>
  /** Events were missed: the relay no longer has what followed our cursor (rule A4). Awaited before the next frame. */
  readonly onGap: () => Promise<void>
  /** Bytes of frames in work before the stream is not read. Default 64 MiB (promise P7). */
  readonly maxBytes?: number
}

/**
 * Reads the firehose: peeks, closes what is not ours, queues the rest in the lane of its DID. Waits when the
 * lanes are full, and so does the socket.
 */
export class Follower {
  readonly #options: FollowOptions
  readonly #lag: Lag
  /** Highest seq ever received; a new connection resumes after it. */
  received: number | null
  /** How many connections there were. */
  #connection = 0
  #bytes = 0
  #drained: (() => void) | null = null
  #failure: Error | null = null
  #abort = new AbortController()

  constructor(options: FollowOptions) {
    this.#options = options
    this.#lag = new Lag(options.observer)
    this.received = options.cursor
  }

  /** See {@link Lag}. */
  get lagMs(): number | null {
    return this.#lag.ms
  }

  /** Runs until the signal aborts, a frame's work fails for good, or the relay refuses for good (throws). */
  async run(signal: AbortSignal): Promise<void> {
    const { relay, observer } = this.#options
    const both = AbortSignal.any([signal, this.#abort.signal])
    for await (const { frames, first } of relay.batches(both)) {
      const skipped = await this.#batch(frames, first)
      framesSeen(observer, frames.length, skipped)
      const newest = frames.at(-1)
      if (newest !== undefined) this.#lag.read(newest)
      if (this.#failure !== null) break
    }
    if (this.#failure !== null) throw this.#failure
  }

  async #batch(frames: readonly Uint8Array[], first: boolean): Promise<number> {
    let opening = first
    if (first) this.#connection++
    let skipped = 0
    for (const frame of frames) {
      let head: FrameHead
      try {
        head = peekFrame(frame)
        if (head.seq === null) {
          await this.#control(frame, head)
          continue
        }
        if (this.received === null) await this.#first(head.seq)
        const fresh = this.#inOrder(head.seq, opening)
        opening = false
        if (!fresh) {
          skipped++
          continue
        }
      } catch (error) {
        if (!(error instanceof InvalidError)) throw error
        this.#broken(error)
        return skipped
      }
      if (this.#take(head, frame)) await this.#queue(head, frame)
      else skipped++
      if (this.#failure !== null) return skipped
    }
    return skipped
  }

  /** Rules A5, A6, A7: seqs rise; only the first event of a connection may repeat the one we resumed after. */
  #inOrder(seq: number, opening: boolean): boolean {
    const last = this.received
    if (last !== null && seq <= last) {
      if (opening && seq === last) return false
      throw new InvalidError('A6', `seq did not rise; seq=${seq}; last=${last}`)
    }
    this.received = seq
    return true
  }

  async #first(seq: number): Promise<void> {
    this.#options.watermark.startAt(seq - 1)
    await this.#options.onFirst?.(seq)
  }

  #take(head: FrameHead, frame: Uint8Array): boolean {
    const { select, watermark } = this.#options
    if (head.did !== null && select(head, frame)) return true
    watermark.skip(head.seq as number)
    return false
  }

  /**
   * The frame is copied out of what the socket read, where it lies among others, and its memory is given back when its work
   * is done: waiting for the garbage collector, frames took tens of megabytes more, how many was chance.
   */
  async #queue(head: FrameHead, frame: Uint8Array): Promise<void> {
    const { lanes, watermark, handle, maxBytes = 64 << 20 } = this.#options
    const close = watermark.begin(head.seq as number)
    const connection = this.#connection
    const own = ownCopy(frame)
    const { length } = own
    this.#bytes += length
    const work = async () => {
      try {
        const broken = await handle(own, head)
        close()
        // Only the connection that it came over.
        if (broken !== null && connection === this.#connection) this.#broken(broken)
      } catch (error) {
        this.#fail(error)
      } finally {
        this.#bytes -= length
        giveBack(own)
        if (this.#bytes < maxBytes) this.#drained?.()
      }
    }
    await lanes.push(head.did as string, work)
    while (this.#bytes >= maxBytes && this.#failure === null) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve
      })
    }
  }

  async #control(frame: Uint8Array, head: FrameHead): Promise<void> {
    const { relay, observer, url, onGap } = this.#options
    if (head.kind !== 'error' && head.kind !== 'info') return
    const message = decodeFrame(frame)
    if (message.kind === 'info') {
      if (message.name !== 'OutdatedCursor') return
      gapSeen(observer, { message: message.message, cursor: this.received })
      await onGap()
    } else if (message.kind === 'error') {
      if (message.error === 'FutureCursor') this.#fail(futureCursorError(url, this.received))
      relay.disconnect(`A3: ${message.error}${message.message ? `: ${message.message}` : ''}`)
    }
  }

  #broken(error: InvalidError): void {
    const { relay, observer } = this.#options
    streamBroken(observer, { rule: error.rule, message: error.message, seq: this.received })
    relay.disconnect(`${error.rule}: ${error.message}`)
  }

  #fail(error: unknown): void {
    this.#failure ??=
      error instanceof LextapError || error instanceof Error ? error : new Error(String(error))
    this.#drained?.()
    this.#abort.abort()
  }
}
