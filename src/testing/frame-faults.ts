import { encode } from '@atcute/cbor'
import { errorFrame, frameOf, infoFrame, type NetworkEvent } from './event.ts'
import type { Fault } from './faults.ts'
import type { Random } from './random.ts'

/** What can go wrong with a frame between a stream and one of its subscribers. */

/** The frame never arrives: the subscriber sees a gap in the sequence. */
export function dropFrames(kind?: NetworkEvent['kind']): Fault {
  return {
    name: 'drop-frame',
    frame: (_, { event }) => (kind === undefined || event.kind === kind ? [] : undefined),
  }
}

/** The frame arrives twice (rule A6). */
export function duplicateFrames(): Fault {
  return { name: 'duplicate-frame', frame: (frame) => [frame, frame] }
}

/** The frame arrives after its successor (rule A6). Strikes at most every other frame. */
export function reorderFrames(): Fault {
  const held = new WeakMap<object, Uint8Array>()
  return {
    name: 'reorder-frame',
    frame: (frame, { subscriber }) => {
      const before = held.get(subscriber)
      held.delete(subscriber)
      if (before !== undefined) return [frame, before]
      held.set(subscriber, frame)
      return []
    },
  }
}

/** The end of the frame is missing (rule A1). */
export function truncateFrames(): Fault {
  return {
    name: 'truncate-frame',
    frame: (frame, { random }) => [frame.subarray(0, random.int(frame.length))],
  }
}

/** There is more after the frame's end (rule A1). */
export function lengthenFrames(): Fault {
  return { name: 'lengthen-frame', frame: (frame) => [Buffer.concat([frame, Uint8Array.from([0xf6])])] }
}

/**
 * One bit is wrong. `blocks` (default): within the signed blocks of a commit or sync, where nobody may miss
 * it. `anywhere`: also where nothing protects the frame, such as an account's status.
 */
export function flipFrameBits(where: 'blocks' | 'anywhere' = 'blocks'): Fault {
  return {
    name: 'flip-frame-bit',
    frame: (frame, { event, random }) => {
      if (where === 'anywhere') return [flipped(frame, 0, frame.length, random)]
      if (event.kind !== 'commit' && event.kind !== 'sync') return undefined
      const at = Buffer.from(frame).indexOf(event.blocks)
      return at < 0 ? undefined : [flipped(frame, at, at + event.blocks.length, random)]
    },
  }
}

function flipped(frame: Uint8Array, from: number, to: number, random: Random): Uint8Array {
  const out = Uint8Array.from(frame)
  const at = from + random.int(to - from)
  out[at] = (out[at] ?? 0) ^ (1 << random.int(8))
  return out
}

/** A text message instead of a binary one (rule A1). */
export function textFrames(): Fault {
  return { name: 'text-frame', frame: () => ['{"hello":"world"}'] }
}

/** Bytes that are no CBOR (rule A1). */
export function garbageFrames(): Fault {
  return { name: 'garbage-frame', frame: (_, { random }) => [Uint8Array.from([0xff, ...random.bytes(40)])] }
}

/** A message of a type that does not exist yet comes before the frame (rule A2). */
export function unknownFrames(): Fault {
  const unknown = Buffer.concat([encode({ op: 1, t: '#future' }), encode({ hello: 'world' })])
  return { name: 'unknown-frame', frame: (frame) => [unknown, frame] }
}

/** A frame over the limit of 5 MB (rule A9). */
export function oversizedFrames(bytes = 6_000_000): Fault {
  return {
    name: 'oversized-frame',
    frame: () => [
      Buffer.concat([encode({ op: 1, t: '#info' }), encode({ name: 'Big', message: 'x'.repeat(bytes) })]),
    ],
  }
}

/** The same event under another sequence number, e.g. 0 or one far ahead (rules A5, A6). */
export function renumberFrames(renumber: (seq: number) => number): Fault {
  return { name: 'renumber-frame', frame: (_, { event, seq }) => [frameOf(event, renumber(seq))] }
}

/** An error frame, then the end, as hosts close a stream (rule A3). */
export function errorFrames(error: 'ConsumerTooSlow' | 'FutureCursor' | (string & {})): Fault {
  return { name: 'error-frame', frame: () => [errorFrame(error, `${error} (sandbox)`), { close: 1008 }] }
}

/** An `#info` before the frame, e.g. `OutdatedCursor` (rule A4). */
export function infoFrames(name: string): Fault {
  return { name: 'info-frame', frame: (frame) => [infoFrame(name, `${name} (sandbox)`), frame] }
}

/** The host hangs up instead of sending the frame. */
export function hangUp(code = 1001): Fault {
  return { name: 'hang-up', frame: () => [{ close: code }] }
}
