import { isDid as atcuteDid, isResourceUri } from '@atcute/lexicons/syntax'
import { expect, test } from 'vitest'
import { isBlessedCid } from '../lex/cid.ts'
import { isAtUri, isDid } from './syntax.ts'

const PLC = 'did:plc:6y7d2wrzqhmdxzvq4s2hk3ra'
/** The strings that are looked at as bytes, and somebody who looks at them as text. */
const CASES: [text: string, check: (s: string) => boolean, same: (s: string) => boolean][] = [
  [PLC, isDid, atcuteDid],
  [`at://${PLC}/app.bsky.feed.post/3lkfz7y2xqc2a`, isAtUri, isResourceUri],
  [
    'bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq',
    isBlessedCid,
    (s) => /^baf[yk]rei[a-h][a-z2-7]{50}[aeimquy4]$/.test(s),
  ],
]

// Beyond 255 those that become a right letter when the upper byte is dropped, and halves of surrogate pairs.
const CODES = [
  ...Array.from({ length: 512 }, (_, code) => code),
  ...[...'adpt:/.3'].flatMap((letter) => [0x2000, 0x6100, 0xff00].map((high) => high + letter.charCodeAt(0))),
  ...[0xd800, 0xdc00, 0xfffd, 0xffff],
]

test.each(CASES)('%s with any character in any place is what others say it is', (text, check, same) => {
  const wrong: string[] = []
  let right = 0
  for (let i = 0; i < text.length; i++)
    for (const code of CODES) {
      const other = text.slice(0, i) + String.fromCharCode(code) + text.slice(i + 1)
      const expected = same(other)
      if (expected) right++
      if (check(other) !== expected) wrong.push(JSON.stringify(other))
    }
  expect(wrong).toEqual([])
  expect(right).toBeGreaterThan(text.length)
})

test.each(CASES)(
  '%s is judged alike after longer text was looked at, shortened and lengthened',
  (text, check, same) => {
    for (const other of [text.slice(0, -1), text.slice(1), `${text}a`, `a${text}`, text + text, '']) {
      expect([text, check(text)]).toEqual([text, true])
      expect([other, check(other)]).toEqual([other, same(other)])
    }
  },
)
