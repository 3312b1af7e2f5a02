import { InvalidError } from '../errors.ts'
import { latin1 } from './bytes.ts'
import { decodeFirst } from './cbor.ts'
import { headArgument, headEnd, skipValue } from './cbor-skip.ts'

/** What a frame is about, as far as its first bytes tell. */
export interface FrameHead {
  readonly kind: 'commit' | 'sync' | 'identity' | 'account' | 'info' | 'error' | 'unknown'
  /** The repo it speaks of. */
  readonly did: string | null
  readonly seq: number | null
}

/** The headers `{ op: 1, t }` of the types we know, as every relay spells them. */
const HEADERS = (['commit', 'sync', 'identity', 'account', 'info'] as const).map((kind) => ({
  kind,
  bytes: Buffer.concat([
    Buffer.from([0xa2, 0x61, 0x74, 0x60 | (kind.length + 1)]),
    Buffer.from(`#${kind}`),
    Buffer.from([0x62, 0x6f, 0x70, 0x01]),
  ]),
}))

/**
 * Kind, DID and seq of a frame without decoding it. Reads up to the `seq` and the DID, which canonical order
 * puts before the blocks, and skips the rest unseen: for frames of repos that are not ours. Whatever is used
 * must be decoded strictly. Throws InvalidError: 'A1' when the frame makes no sense, 'A5' when a repo's
 * message has no good seq.
 */
export function peekFrame(bytes: Uint8Array): FrameHead {
  const [kind, body] = peekHeader(bytes)
  if (kind === 'info' || kind === 'error') return { kind, did: null, seq: null }
  let did: string | null = null
  let seq: number | null = null
  if (bytes[body] === undefined || (bytes[body] as number) >> 5 !== 5)
    throw new InvalidError('A1', 'a frame without a body')
  try {
    const count = headArgument(bytes, body, bytes.length)
    let at = headEnd(bytes, body)
    for (let i = 0; i < count && (did === null || seq === null); i++) {
      const value = skipValue(bytes, at, bytes.length)
      if (isSeq(bytes, at)) seq = seqAt(bytes, value)
      else if (isDid(bytes, at, kind)) did = textAt(bytes, value)
      at = skipValue(bytes, value, bytes.length)
    }
  } catch (cause) {
    throw new InvalidError('A1', 'malformed frame: its body is not cbor', { cause })
  }
  if (seq === null && kind !== 'unknown')
    throw new InvalidError('A5', `malformed message: no good seq; kind=${kind}`)
  return { kind, did, seq }
}

/** When a message says it was made, ms since 1970; null when it says nothing that can be read. Never throws. */
export function peekTime(bytes: Uint8Array): number | null {
  try {
    const [, body] = peekHeader(bytes)
    const count = headArgument(bytes, body, bytes.length)
    let at = headEnd(bytes, body)
    for (let i = 0; i < count; i++) {
      const value = skipValue(bytes, at, bytes.length)
      if (textAt(bytes, at) === 'time') return Date.parse(textAt(bytes, value) ?? '') || null
      at = skipValue(bytes, value, bytes.length)
    }
  } catch {
    // Whoever decodes it says what is wrong with it.
  }
  return null
}

function peekHeader(bytes: Uint8Array): [FrameHead['kind'], number] {
  for (const header of HEADERS) if (startsWith(bytes, header.bytes)) return [header.kind, header.bytes.length]
  let header: { value: unknown; next: number }
  try {
    header = decodeFirst(bytes)
  } catch (cause) {
    throw new InvalidError('A1', 'malformed frame: its header is not dag-cbor', { cause })
  }
  // An error, a type or op we do not know, or a header with more fields than it needs.
  const { op, t } = (header.value ?? {}) as { op?: unknown; t?: unknown }
  if (typeof op !== 'number') throw new InvalidError('A1', 'malformed frame: its header has no op')
  const known = op === 1 ? HEADERS.find(({ kind }) => `#${kind}` === t)?.kind : undefined
  return [op === -1 ? 'error' : (known ?? 'unknown'), header.next]
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false
  return true
}

/** 63 's' 'e' 'q' */
const isSeq = (bytes: Uint8Array, at: number) =>
  bytes[at] === 0x63 && bytes[at + 1] === 0x73 && bytes[at + 2] === 0x65 && bytes[at + 3] === 0x71

/** 64 'r' 'e' 'p' 'o' in a commit, 63 'd' 'i' 'd' elsewhere */
const isDid = (bytes: Uint8Array, at: number, kind: FrameHead['kind']) =>
  kind === 'commit'
    ? bytes[at] === 0x64 &&
      bytes[at + 1] === 0x72 &&
      bytes[at + 2] === 0x65 &&
      bytes[at + 3] === 0x70 &&
      bytes[at + 4] === 0x6f
    : bytes[at] === 0x63 && bytes[at + 1] === 0x64 && bytes[at + 2] === 0x69 && bytes[at + 3] === 0x64

function seqAt(bytes: Uint8Array, at: number): number | null {
  if (at >= bytes.length || (bytes[at] as number) >> 5 !== 0) return null
  const seq = headArgument(bytes, at, bytes.length)
  return seq >= 1 && seq <= Number.MAX_SAFE_INTEGER ? seq : null
}

/** DIDs are ASCII; anything else becomes a text that is no repo of ours. */
function textAt(bytes: Uint8Array, at: number): string | null {
  if (at >= bytes.length || (bytes[at] as number) >> 5 !== 3) return null
  const start = headEnd(bytes, at)
  return latin1(bytes, start, Math.min(bytes.length, start + headArgument(bytes, at, bytes.length)))
}
