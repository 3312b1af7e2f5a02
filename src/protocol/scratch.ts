/**
 * A place to look at short text as bytes. Copying a string there costs as much as looking at ten of its characters one
 * after another, and bytes can be compared two and four at a time: half the time for the strings most records are made of.
 */
const memory = new ArrayBuffer(256)
export const bytes: Uint8Array = new Uint8Array(memory)
export const pairs: Uint16Array = new Uint16Array(memory)
export const words: Int32Array = new Int32Array(memory)

/**
 * Copies text to `bytes` as UTF-8, from `start` on; what does not fit is left out. Whatever is not ASCII leaves a byte
 * of 128 or more among the first `text.length`, so that nobody has to ask how many bytes it became.
 */
export const copy: (text: string, start: number) => void = copier()

/** Node's own way is three times as fast; browsers have the other one. */
function copier(): typeof copy {
  if (typeof Buffer !== 'undefined') {
    const buffer = Buffer.from(memory)
    return (text, start) => void buffer.write(text, start)
  }
  const encoder = new TextEncoder()
  return (text, start) => void encoder.encodeInto(text, bytes.subarray(start))
}

/** `text` in words, as they are found in `words` where it was copied to; its length is a multiple of four. */
export function wordsOf(text: string): readonly number[] {
  copy(text, 0)
  return Array.from(words.subarray(0, text.length / 4))
}

/** Indexed by two bytes: 0 when both are letters of base32 (a-z, 2-7), else 1. */
export const NOT_BASE32_PAIR: Uint8Array = new Uint8Array(65_536).fill(1)
const BASE32 = [...'abcdefghijklmnopqrstuvwxyz234567'].map((letter) => letter.charCodeAt(0))
for (const one of BASE32) for (const other of BASE32) NOT_BASE32_PAIR[one * 256 + other] = 0
