import { Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip } from 'node:zlib'
import { XrpcError } from './xrpc-error.ts'

export interface BodyLimits {
  /** Bytes after decompression. */
  readonly maxBytes: number
  /** Longest wait for `minProgress` more bytes from the wire, ms. Time the consumer takes does not count. */
  readonly stallMs: number
  /** Bytes that must arrive per `stallMs`, so that a dribble is a stall. Default 1024. */
  readonly minProgress?: number
}

/** Decompressed bytes per wire byte beyond which a body is a bomb; text compresses to about a tenth. */
const MAX_RATIO = 100
/** Short bodies may compress better: the ratio counts from here. */
const RATIO_FREE = 1 << 20

/**
 * The body as chunks, decompressed, within its limits (rule F8). Ends with an `XrpcError` when it is too large,
 * stalls, is a decompression bomb or is cut off. Leaving the loop early closes the connection.
 */
export async function* boundedBody(
  body: Readable,
  encoding: string | undefined,
  url: string,
  limits: BodyLimits,
): AsyncGenerator<Uint8Array, void, void> {
  const wire = { bytes: 0 }
  const timely = withoutStall(body, url, limits, wire)
  const chunks = decoded(timely, encoding, url)
  let total = 0
  try {
    for await (const chunk of chunks) {
      total += chunk.byteLength
      if (total > limits.maxBytes) throw tooLarge(url, limits.maxBytes)
      if (total > RATIO_FREE + wire.bytes * MAX_RATIO) {
        throw new XrpcError(`response is a decompression bomb; wire=${wire.bytes}; bytes=${total}`, {
          code: 'response-bomb',
          url,
          retry: false,
        })
      }
      yield chunk
    }
  } finally {
    body.destroy()
  }
}

export function tooLarge(url: string, maxBytes: number): XrpcError {
  return new XrpcError(`response is too large; max=${maxBytes}`, {
    code: 'response-too-large',
    url,
    retry: false,
  })
}

function decoded(
  source: AsyncGenerator<Uint8Array>,
  encoding: string | undefined,
  url: string,
): AsyncIterable<Uint8Array> {
  const name = (encoding ?? '').trim().toLowerCase()
  if (name === '' || name === 'identity') return source
  // One layer only: two would square the ratio.
  if (name !== 'gzip' && name !== 'x-gzip' && name !== 'br') {
    throw new XrpcError(`response has an encoding we did not ask for; encoding=${name.slice(0, 40)}`, {
      code: 'response-encoding',
      url,
      retry: false,
    })
  }
  return inflated(source, name, url)
}

async function* inflated(
  source: AsyncGenerator<Uint8Array>,
  name: string,
  url: string,
): AsyncGenerator<Uint8Array> {
  const options = { chunkSize: 1 << 16 }
  const inflate = name === 'br' ? createBrotliDecompress(options) : createGunzip(options)
  const wire = Readable.from(source, { objectMode: false, highWaterMark: 1 << 16 })
  // `pipe` does not carry errors over; ours (stalled, cut off) must win over zlib's.
  wire.on('error', (error) => inflate.destroy(error))
  try {
    yield* wire.pipe(inflate)
  } catch (cause) {
    if (cause instanceof XrpcError || !isZlibError(cause)) throw cause
    throw new XrpcError('response does not decompress', {
      code: 'response-encoding',
      url,
      retry: true,
      cause,
    })
  } finally {
    wire.destroy()
    inflate.destroy()
  }
}

function isZlibError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code.startsWith('Z_') || code.startsWith('ERR_')
}

/** Passes chunks on and counts them; fails when fewer than `minProgress` bytes come in `stallMs` of waiting. */
async function* withoutStall(
  body: Readable,
  url: string,
  limits: BodyLimits,
  wire: { bytes: number },
): AsyncGenerator<Uint8Array> {
  const { stallMs, minProgress = 1024 } = limits
  const stall = () =>
    body.destroy(
      new XrpcError(`response stalled; stallMs=${stallMs}`, { code: 'response-stalled', url, retry: true }),
    )
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]()
  let budget = stallMs
  let progress = 0
  for (;;) {
    const since = performance.now()
    const timer = setTimeout(stall, budget)
    const next = await chunks.next().finally(() => clearTimeout(timer))
    if (next.done === true) return
    wire.bytes += next.value.byteLength
    progress += next.value.byteLength
    if (progress >= minProgress) {
      progress = 0
      budget = stallMs
    } else budget = Math.max(0, budget - (performance.now() - since))
    yield next.value
  }
}
