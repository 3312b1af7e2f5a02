import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  isAtIdentifierString,
  isAtUriString,
  isDatetimeString,
  isValidDid,
  isValidHandle,
  isValidLanguage,
  isValidNsid,
  isValidRecordKey,
  isValidTid,
  parseLanguageString,
} from '@atproto/syntax'
import { describe, expect, test } from 'vitest'
import * as syntax from './syntax.ts'

const vectors = resolve(import.meta.dirname, '../../../shared/fixtures/interop/syntax')
const here = existsSync(vectors)
if (!here) console.warn('skipped: interop syntax vectors are not at ../shared/fixtures/interop/syntax')

// Lines may carry white space on purpose, so only the line break and comments go.
const lines = (name: string) =>
  existsSync(resolve(vectors, name))
    ? readFileSync(resolve(vectors, name), 'utf8')
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
    : []

const checks: Record<string, (s: string) => boolean> = {
  atidentifier: syntax.isAtIdentifier,
  aturi: syntax.isAtUri,
  cid: syntax.isCidString,
  datetime: syntax.isDatetime,
  did: syntax.isDid,
  handle: syntax.isHandle,
  language: syntax.isLanguage,
  nsid: syntax.isNsid,
  recordkey: syntax.isRecordKey,
  tid: syntax.isTid,
  uri: syntax.isUri,
}

describe.skipIf(!here)('interop syntax vectors', () => {
  for (const [name, check] of Object.entries(checks)) {
    test(`every valid ${name} is accepted`, () => {
      const valid = lines(`${name}_syntax_valid.txt`)
      expect(valid.length).toBeGreaterThan(3)
      expect(valid.filter((line) => !check(line))).toEqual([])
    })
    test(`every invalid ${name} is refused`, () => {
      const invalid = [...lines(`${name}_syntax_invalid.txt`), ...lines(`${name}_parse_invalid.txt`)]
      expect(invalid.length).toBeGreaterThan(3)
      expect(invalid.filter((line) => check(line))).toEqual([])
    })
  }
})

// A small deterministic generator: the same words every run, `SEED=` for others.
function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 0x1_0000_0000
  }
}

const seeds: Record<string, string[]> = {
  did: ['did:plc:ewvi7nxzyoun6zhxrhs64oiz', 'did:web:a.b%3A80', 'did:m:v'],
  handle: ['alice.bsky.social', 'xn--a.b-c.d', '8.co', `${'a'.repeat(63)}.com`],
  nsid: ['app.bsky.feed.post', 'a-0.b-1.c', 'com.example.fooBar2'],
  rkey: ['3jzfcijpj2z2a', 'self', 'a~b:c_d-e.f', '..'],
  tid: ['3jzfcijpj2z2a', '7777777777777', 'azzzzzzzzzzzz', 'jzzzzzzzzzzzz'],
  uri: [
    'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3jzfcijpj2z2a',
    'at://alice.test',
    'at://alice.test/a.b.c#/d%20e',
  ],
  datetime: [
    '2024-02-29T23:59:59.999Z',
    '1985-04-12T23:20:50.123+01:45',
    '0000-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59-00:30',
    '2023-02-30T00:00:00Z',
    '2016-12-31T23:59:60Z',
    '2024-04-31T10:00:00-07:00',
  ],
  language: [
    'ja',
    'pt-BR',
    'hy-Latn-IT-arevela',
    'en-GB-boont-r-extended-sequence-x-private',
    'sl-rozaj-biske',
    'i-hak',
    'zh-min-nan',
    'de-1901-x-a',
  ],
}
const pairs: [string, (s: string) => boolean, (s: string) => boolean][] = [
  ['did', syntax.isDid, isValidDid],
  ['handle', syntax.isHandle, isValidHandle],
  ['nsid', syntax.isNsid, isValidNsid],
  ['rkey', syntax.isRecordKey, isValidRecordKey],
  ['tid', syntax.isTid, isValidTid],
  ['uri', syntax.isAtUri, (s) => isAtUriString(s)],
  ['datetime', syntax.isDatetime, isDatetimeString],
  ['language', syntax.isLanguageTag, isValidLanguage],
  ['language', syntax.isLanguage, (s) => parseLanguageString(s) !== null],
  ['did', syntax.isAtIdentifier, isAtIdentifierString],
]

describe('agreement with @atproto/syntax', () => {
  for (const [kind, ours, theirs] of pairs) {
    test(`${ours.name} says what the reference says of 20,000 mutated strings`, () => {
      const next = random(Number(process.env.SEED ?? 7))
      const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T
      const alphabet = [...'abzAZ0129.-:/%#_~+ T\u00e9💩\n\u0000'].concat([
        '--',
        '..',
        'x-',
        '-1996',
        '-a-bb',
      ])
      const words = seeds[kind] ?? []
      const wrong: string[] = []
      for (let i = 0; i < 20_000; i++) {
        let word = pick(words)
        for (let edits = Math.floor(next() * 4); edits >= 0; edits--) {
          const at = Math.floor(next() * (word.length + 1))
          const cut = next() < 0.5 ? 1 : 0
          word = word.slice(0, at) + (next() < 0.7 ? pick(alphabet) : '') + word.slice(at + cut)
        }
        if (ours(word) !== theirs(word)) wrong.push(word)
      }
      expect(wrong.slice(0, 5)).toEqual([])
    })
  }
})

test('no format check takes super-linear time', () => {
  const hostile = [
    'a'.repeat(1e6),
    'a-'.repeat(5e5),
    `did:a:${':'.repeat(1e6)}`,
    `at://${'a.'.repeat(5e5)}`,
    `en${'-abcde'.repeat(2e5)}`,
    `x${'-1'.repeat(3e5)}`,
    `a:${'\u{1F4A9}'.repeat(5e5)}`,
  ]
  const all = [...Object.values(checks), syntax.isLanguageTag]
  // Each is linear or bounded: 7 strings of a megabyte pass in well under the test's own time limit.
  for (const text of hostile) for (const check of all) check(text)
})
