import { DiscontinuousError, InvalidError, TemporaryError } from '../errors.ts'
import { latin1, writeLatin1 } from './bytes.ts'
import { CID_LENGTH } from './cid.ts'
import type { SignedCommit } from './commit.ts'
import type { WalkedRecord } from './walk.ts'

/** What the walking thread is asked for, each time about one walk, which the `first` of them opens. */
export type WalkRequest =
  | {
      readonly id: number
      readonly kind: 'push'
      readonly first: boolean
      readonly bytes: Uint8Array<ArrayBuffer>
    }
  /** The next of the records that are left once all was pushed. */
  | { readonly id: number; readonly kind: 'finish'; readonly first: boolean }
  | { readonly id: number; readonly kind: 'close' }

/** What it answers, one for each request but `close`, up to the end or an error; what was asked ahead of those is dropped. */
export interface WalkAnswer {
  readonly id: number
  /** Nothing comes after this. */
  readonly end: boolean
  /** Only in the answer that first knows it. */
  readonly commit: SignedCommit | null
  readonly packed: PackedRecords | null
  readonly error: PackedError | null
}

/** Many records in one buffer: sending them as objects would cost more than walking them. */
export interface PackedRecords {
  readonly collections: readonly string[]
  readonly count: number
  /** Three 32-bit numbers a record (collection, length of the record key, length of the block), then CIDs, keys and blocks. */
  readonly buffer: ArrayBuffer
}

const META = 3

export function packRecords(records: readonly WalkedRecord[]): PackedRecords {
  const collections = new Map<string, number>()
  const count = records.length
  let size = count * META * 4
  for (const { rkey, block } of records) size += CID_LENGTH + rkey.length + block.length
  const bytes = new Uint8Array(size)
  const meta = new Uint32Array(bytes.buffer, 0, count * META)
  let at = meta.byteLength
  for (let i = 0; i < count; i++) {
    const { collection, rkey, cid, block } = records[i] as WalkedRecord
    let place = collections.get(collection)
    if (place === undefined) {
      place = collections.size
      collections.set(collection, place)
    }
    meta[i * META] = place
    meta[i * META + 1] = rkey.length
    meta[i * META + 2] = block.length
    bytes.set(cid, at)
    writeLatin1(bytes, rkey, at + CID_LENGTH)
    bytes.set(block, at + CID_LENGTH + rkey.length)
    at += CID_LENGTH + rkey.length + block.length
  }
  return { collections: [...collections.keys()], count, buffer: bytes.buffer }
}

/** The records are views of the buffer. */
export function unpackRecords({ collections, count, buffer }: PackedRecords): WalkedRecord[] {
  const meta = new Uint32Array(buffer, 0, count * META)
  const bytes = new Uint8Array(buffer)
  const records = new Array<WalkedRecord>(count)
  let at = meta.byteLength
  for (let i = 0; i < count; i++) {
    const key = at + CID_LENGTH
    const start = key + (meta[i * META + 1] as number)
    const length = meta[i * META + 2] as number
    records[i] = {
      collection: collections[meta[i * META] as number] as string,
      rkey: latin1(bytes, key, start),
      cid: new Uint8Array(buffer, at, CID_LENGTH),
      block: new Uint8Array(buffer, start, length),
    }
    at = start + length
  }
  return records
}

/** An error's class does not survive the way between threads. */
export interface PackedError {
  readonly kind: 'invalid' | 'discontinuous' | 'temporary' | 'other'
  /** Rule or code. */
  readonly word: string
  readonly message: string
  readonly stack: string | undefined
}

export function packError(error: unknown): PackedError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const base = { message, stack }
  if (error instanceof InvalidError) return { ...base, kind: 'invalid', word: error.rule }
  if (error instanceof DiscontinuousError) return { ...base, kind: 'discontinuous', word: error.rule }
  if (error instanceof TemporaryError) return { ...base, kind: 'temporary', word: error.code }
  return { ...base, kind: 'other', word: '' }
}

export function unpackError({ kind, word, message, stack }: PackedError): Error {
  const cause = Object.assign(new Error(message), { stack })
  if (kind === 'invalid') return new InvalidError(word, message, { cause })
  if (kind === 'discontinuous') return new DiscontinuousError(word, message)
  if (kind === 'temporary') return new TemporaryError(message, { code: word, cause })
  return cause
}
