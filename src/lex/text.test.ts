import { graphemeLen, utf8Len } from '@atproto/lex-data'
import { expect, test } from 'vitest'
import { Random } from '../../test/support/random.ts'
import { graphemes, utf8Length } from './text.ts'

const PIECES = [...'aZ é ß я你あア、「！ﾞ가각힣ก็'].concat(
  [
    '\r',
    '\n',
    '\r\n',
    '\u0000',
    '\u00ad',
    '\u0301',
    '\u0483',
    '\u200d',
    '\u2028',
    '\u3099',
    '\u302a',
    '\u{10ffff}',
  ],
  ['🙂', '👩‍👩‍👦', '🇩🇪', '🇩', '👍🏽', 'क्षि', 'e\u0301', '\ufe0f', '\u{1f3fb}', 'ᄀ', 'ᅡ', 'ᆨ'],
)

test('bytes and graphemes are counted as the reference counts them', () => {
  const random = new Random(Number(process.env.SEED ?? 1))
  for (let i = 0; i < 5000; i++) {
    const text = Array.from({ length: random.int(0, 12) }, () => random.pick(PIECES)).join('')
    expect([text, utf8Length(text), graphemes(text)]).toEqual([text, utf8Len(text), graphemeLen(text)])
  }
})

test('every character by itself, and between others, is as long as the reference says', () => {
  for (let code = 0; code < 0x1_0000; code += code < 0x3200 ? 1 : 97) {
    if (code >= 0xd800 && code < 0xe000) continue
    const char = String.fromCharCode(code)
    const texts = [`a${char}b`, `あ${char}\n${char}${char}`]
    for (const text of texts)
      if (graphemes(text) !== graphemeLen(text) || utf8Length(text) !== utf8Len(text))
        expect([text, utf8Length(text), graphemes(text)]).toEqual([text, utf8Len(text), graphemeLen(text)])
  }
})

test('every emoji by itself, beside others and beside what joins, is as long as the reference says', () => {
  const beside = ['', 'a', '👍', '🏽', '\u200d', '\ufe0f', '🇩', '\u0301', '\r\n', '\ud83d', '\udc4d']
  for (let code = 0x1_f300; code < 0x1_fb00; code++) {
    const char = String.fromCodePoint(code)
    for (const text of beside.flatMap((other) => [char + other, other + char, char + other + char]))
      if (graphemes(text) !== graphemeLen(text))
        expect([text, graphemes(text)]).toEqual([text, graphemeLen(text)])
  }
})

test('counting stops one past the limit', () => {
  expect(graphemes('👍🏽'.repeat(1000), 10)).toBe(11)
  expect(graphemes('👍🏽'.repeat(10), 10)).toBe(10)
})
