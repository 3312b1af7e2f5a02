import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { constants, createZstdDecompress } from 'node:zlib'
import { UserError } from '../../errors.ts'

/** A frame over 5 MB is refused (A9), and still read, so that the ones behind it can be. Beyond this it is no capture. */
const MAX_LENGTH = 64 << 20
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/** The bytes of a file, or of stdin for `-`. */
export async function* readBytes(path: string): AsyncGenerator<Buffer> {
  const stream = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 1 << 18 })
  try {
    yield* stream as AsyncIterable<Buffer>
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** A JSON file. Throws UserError when it is none. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UserError(`${path} is not JSON: ${(cause as Error).message}`, { code: 'input', cause })
  }
}

/** The frames of a capture: `[u32 little-endian length][frame]`…, plain or compressed by zstd. */
export async function* readCapture(path: string): AsyncGenerator<Uint8Array> {
  let rest: Buffer = Buffer.alloc(0)
  let read = 0
  for await (const chunk of unpacked(path)) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    while (rest.length - at >= 4) {
      const length = rest.readUInt32LE(at)
      if (length > MAX_LENGTH) {
        throw new UserError(
          `${path} is not a capture ([u32 little-endian length][frame]…): a frame of ${length} bytes at ${read + at}`,
          { code: 'input' },
        )
      }
      if (rest.length - at - 4 < length) break
      yield rest.subarray(at + 4, at + 4 + length)
      at += 4 + length
    }
    read += at
    rest = rest.subarray(at)
  }
  if (rest.length > 0)
    throw new UserError(`${path} ends in the middle of a frame, at ${read}`, { code: 'input' })
}

async function* unpacked(path: string): AsyncGenerator<Buffer> {
  const bytes = readBytes(path)
  const head: Buffer[] = []
  let length = 0
  while (length < 4) {
    const { value, done } = await bytes.next()
    if (done) break
    head.push(value)
    length += value.length
  }
  const first = Buffer.concat(head)
  const all = async function* (): AsyncGenerator<Buffer> {
    if (first.length > 0) yield first
    yield* bytes
  }
  if (!first.subarray(0, 4).equals(ZSTD)) {
    yield* all()
    return
  }
  // Long captures are packed with large windows (`zstd --long=31`).
  const plain = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 31 } })
  const { Readable } = await import('node:stream')
  const source = Readable.from(all())
  source.on('error', (error) => plain.destroy(error))
  try {
    yield* source.pipe(plain) as AsyncIterable<Buffer>
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    throw new UserError(`${path} is broken zstd: ${(cause as Error).message}`, { code: 'input', cause })
  }
}

function unreadable(path: string, cause: unknown): UserError {
  return new UserError(`cannot read ${path}: ${(cause as Error).message}`, { code: 'input', cause })
}
