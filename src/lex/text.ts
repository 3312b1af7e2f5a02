/** Bytes a string takes in UTF-8. Generated code asks only when the UTF-16 length leaves it open. */
export function utf8Length(s: string): number {
  let bytes = s.length
  for (let i = 0; i < s.length; i++) {
    const code = s.charCodeAt(i)
    if (code < 0x80) continue
    if (code < 0x800) bytes += 1
    else {
      bytes += 2
      // A surrogate pair is four bytes for two units.
      if (code >= 0xd800 && code <= 0xdbff) i++
    }
  }
  return bytes
}

const segmenter = new Intl.Segmenter()

/**
 * Graphemes (what a reader calls characters) of a string, counted no further than `limit + 1` where that
 * takes long: a megabyte of text is refused as soon as it is too long.
 */
export function graphemes(s: string, limit: number = Number.POSITIVE_INFINITY): number {
  const simple = simpleLength(s)
  if (simple >= 0) return simple
  let count = 0
  for (const _ of segmenter.segment(s)) if (++count > limit) break
  return count
}

/**
 * The graphemes of a text of which every character is one by itself, whatever stands beside it: Latin without combining
 * marks, Cyrillic, kana and CJK, their punctuation, and most emoji. -1 for any other. The segmenter costs about a hundred
 * times as much.
 */
function simpleLength(s: string): number {
  let length = s.length
  for (let i = 0; i < s.length; i++) {
    const code = s.charCodeAt(i)
    if (code < 0x300) {
      if (code === 13) return -1 // CR LF is one grapheme
    } else if (code === EMOJI && isSimpleEmoji(s.charCodeAt(i + 1))) {
      length--
      i++
    } else if (!isSimpleBeyondLatin(code)) return -1
  }
  return length
}

/** The first half of U+1F400 to U+1F7FF. */
const EMOJI = 0xd83d

/**
 * Of the second halves: animals, people, hands, faces (to U+1F64F) and means of transport (from U+1F680). Skin tones and
 * flags, which join others, have another first half; a sequence has a joiner or a selector in it, which is not simple.
 */
const isSimpleEmoji = (code: number): boolean =>
  (code >= 0xdc00 && code <= 0xde4f) || (code >= 0xde80 && code <= 0xdeff)

function isSimpleBeyondLatin(code: number): boolean {
  return (
    (code >= 0x400 && code <= 0x482) ||
    (code >= 0x48a && code <= 0x52f) ||
    (code >= 0x2010 && code <= 0x2027) ||
    (code >= 0x3000 && code <= 0x3029) ||
    (code >= 0x3041 && code <= 0x3096) ||
    (code >= 0x30a0 && code <= 0x30ff) ||
    (code >= 0x4e00 && code <= 0x9fff) ||
    (code >= 0xff01 && code <= 0xff60)
  )
}
