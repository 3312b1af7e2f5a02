import { writeFileSync } from 'node:fs'

/** Frames as they came, and the file format that keeps them: `[u32 little-endian length][frame]`… */
export class Capture {
  readonly frames: readonly Uint8Array[]
  readonly #stop: () => void

  constructor(frames: readonly Uint8Array[], stop: () => void) {
    this.frames = frames
    this.#stop = stop
  }

  /** Records no further frames. */
  stop(): this {
    this.#stop()
    return this
  }

  bytes(): Uint8Array {
    return Buffer.concat(
      this.frames.flatMap((frame) => {
        const length = Buffer.alloc(4)
        length.writeUInt32LE(frame.length)
        return [length, frame]
      }),
    )
  }

  save(path: string): void {
    writeFileSync(path, this.bytes())
  }
}
