import { decode as atcuteDecode, encode as atcuteEncode } from '@atcute/cbor'
import { describe, expect, test } from 'vitest'
import { fixture, fixtureJson, hasFixture, randomOf } from '../../test/support/repo-bytes.ts'
import { InvalidError } from '../errors.ts'
import { decode, decodeFirst, decodeJson, encode } from './cbor.ts'
import { Cid, cidForBlock, cidToString } from './cid.ts'

const hex = (text: string) => Buffer.from(text, 'hex')
const accepts = (bytes: Uint8Array) => {
  try {
    decodeJson(bytes)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidError)
    return false
  }
}

interface DaslCase {
  type: 'roundtrip' | 'invalid_in' | 'invalid_out'
  data: string
  name: string
  tags: string[]
}

/**
 * The DASL vectors speak for several profiles of CBOR. Ours is `basic`, `dag-cbor` and `dasl-cid`; a case that
 * has none of these tags is about somebody else's rules. Of ours, atproto turns round: every float (it has
 * none), integers past 2^53 (no JavaScript number holds them), and Blake3 CIDs ("Big DASL", not blessed).
 */
const OUR_TAGS = ['basic', 'dag-cbor', 'dasl-cid']
const turnedRound = (file: string, name: string) =>
  file === 'floats' || name === 'Big DASL CID' || /^(largest|smallest) CBOR|unrepresentable/.test(name)

describe.skipIf(!hasFixture('dasl-cbor'))('DASL vectors', () => {
  const names = [
    'cid',
    'concat',
    'floats',
    'indefinite',
    'integer_range',
    'map_keys',
    'numeric_reduction',
    'short_form',
    'simple',
    'tags',
    'utf8',
  ]
  for (const file of hasFixture('dasl-cbor') ? names : []) {
    const cases = fixtureJson<DaslCase[]>(`dasl-cbor/${file}.json`)
    // `invalid_out` asks an encoder about values that JavaScript cannot even hold (int keys, big ints).
    for (const { type, data, name, tags } of cases.filter((c) => c.type !== 'invalid_out')) {
      const ours = tags.some((tag) => OUR_TAGS.includes(tag))
      const bytes = hex(data)
      if (!ours) {
        test(`${file}: ${name} (${tags.join(' ')}: not our profile) never decodes to what it was not`, () => {
          if (accepts(bytes)) expect(Buffer.from(encode(decodeJson(bytes)))).toEqual(bytes)
        })
        continue
      }
      const refused = type === 'invalid_in' || turnedRound(file, name)
      test(`${file}: ${name} ${refused ? 'is refused' : 'round-trips'}`, () => {
        if (refused) expect(accepts(bytes)).toBe(false)
        else expect(Buffer.from(encode(decodeJson(bytes)))).toEqual(bytes)
      })
    }
  }
})

describe.skipIf(!hasFixture('interop/data-model'))('atproto data model vectors', () => {
  interface Fixture {
    json: unknown
    cbor_base64: string
    cid: string
  }
  const fixtures = hasFixture('interop/data-model')
    ? fixtureJson<Fixture[]>('interop/data-model/data-model-fixtures.json')
    : []
  test('JSON, bytes and CID of each fixture agree', () => {
    expect(fixtures.length).toBeGreaterThan(2)
    for (const { json, cbor_base64, cid } of fixtures) {
      const bytes = Buffer.from(cbor_base64, 'base64')
      expect(decodeJson(bytes)).toEqual(json)
      expect(Buffer.from(encode(json))).toEqual(bytes)
      expect(cidToString(cidForBlock(bytes))).toBe(cid)
    }
  })
  test('valid values round-trip', () => {
    for (const { json } of fixtureJson<{ json: unknown }[]>('interop/data-model/data-model-valid.json'))
      expect(decodeJson(encode(json))).toEqual(json)
  })
  test('H1: values with no place in the model are refused; shapes of records are for the lexicon', () => {
    // A bare string, a bad `$type` and a bad blob are good CBOR: the lexicon of a record refuses those.
    const forLexicons = /top-level|\$type|blob/
    const cases = fixtureJson<{ note: string; json: unknown }[]>('interop/data-model/data-model-invalid.json')
    const ours = cases.filter(({ note }) => !forLexicons.test(note))
    expect(ours.map(({ note }) => note)).toEqual([
      'float',
      'bytes with wrong field type',
      'bytes with extra fields',
      'link with wrong field type',
      'link with bogus CID',
      'link with extra fields',
    ])
    for (const { note, json } of ours) expect(() => encode(json), note).toThrow(/atproto data model/)
  })
})

test('a key that begins a cached one of the same slot is not taken for it', () => {
  // These two share a slot of the key cache, which holds the first.
  for (const key of ['wzlqhnmnccqj', 'wzlqh', 'wzlqhnmnccqj'])
    expect(decodeJson(encode({ [key]: 1 }))).toEqual({ [key]: 1 })
})

test('__proto__ is a key like any other', () => {
  const value = decodeJson(hex('a1695f5f70726f746f5f5fa1617801')) as Record<string, unknown>
  expect(Object.hasOwn(value, '__proto__')).toBe(true)
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  expect((value as { x?: unknown }).x).toBeUndefined()
  expect(Buffer.from(encode(value))).toEqual(hex('a1695f5f70726f746f5f5fa1617801'))
})

test('H1: a map with the key $link or $bytes is refused, for its JSON form would be a lie', () => {
  expect(accepts(encodeRaw({ $link: 'x' }))).toBe(false)
  expect(accepts(encodeRaw({ $bytes: 'x' }))).toBe(false)
  expect(accepts(encodeRaw({ $linked: 'x' }))).toBe(true)
})

test('F11: values nested deeper than 64 are refused, in time and without a stack overflow', () => {
  const nested = (depth: number, head: number) =>
    Buffer.concat([Buffer.alloc(depth - 1, head), Buffer.from([0x80])])
  expect(accepts(nested(64, 0x81))).toBe(true)
  expect(() => decodeJson(nested(65, 0x81))).toThrow(expect.objectContaining({ rule: 'F11' }))
  expect(accepts(nested(1_000_000, 0x81))).toBe(false)
  const maps = Buffer.from('a16161'.repeat(65), 'hex')
  expect(() => decodeJson(maps)).toThrow(expect.objectContaining({ rule: 'F11' }))
  let deep: unknown = []
  for (let i = 0; i < 64; i++) deep = [deep]
  expect(() => encode(deep)).toThrow(/deeper/)
  const cycle: unknown[] = []
  cycle.push(cycle)
  expect(() => encode(cycle)).toThrow(/cycle/)
})

test('a head that promises more than there is is refused before anything is allocated', () => {
  for (const text of [
    '9a7fffffff',
    'ba7fffffff',
    '7a7fffffff',
    '5a7fffffff',
    '9b001fffffffffffff',
    'bb001fffffffffffff',
  ])
    expect(accepts(hex(text)), text).toBe(false)
})

test('H1: text must be UTF-8, with surrogates, overlong forms and cuts refused, as value and as key', () => {
  for (const bad of [
    '62c328',
    '61ff',
    '63eda080',
    '62c0af',
    '64f4908080',
    '63e28261',
    '61c3',
    '64f09f9892'.slice(0, 8),
  ]) {
    expect(accepts(hex(bad)), bad).toBe(false)
    expect(accepts(hex(`a1${bad}00`)), `key ${bad}`).toBe(false)
  }
  // U+FFFD itself is fine, and so are texts that begin with a byte order mark.
  for (const good of ['\ufffd', '\ufeffa', 'a\u0000b', '😀', 'é'.repeat(40)])
    expect(decodeJson(encode(good))).toBe(good)
})

test('strings that are not well-formed, big ints, functions, class instances and holes are not encoded', () => {
  const date = new Date()
  for (const value of [
    '\ud800',
    { '\udc00': 1 },
    1n,
    () => 1,
    date,
    new Map(),
    1.5,
    Number.NaN,
    2 ** 53,
    undefined,
  ])
    expect(() => encode(value)).toThrow(/data model/)
  expect(() => encode(new Array(2))).toThrow(/data model/)
  expect(decodeJson(encode({ a: undefined, b: 1 }))).toEqual({ b: 1 })
})

test('bytes are base64 with or without padding, and nothing else', () => {
  expect(encode({ $bytes: 'AQI' })).toEqual(encode({ $bytes: 'AQI=' }))
  expect(decodeJson(encode({ $bytes: 'AQI=' }))).toEqual({ $bytes: 'AQI' })
  for (const text of ['AQ-_', 'A', 'AQJ', 'AQI==', 'AQ I', '=', 'AQI=\n'])
    expect(() => encode({ $bytes: text })).toThrow()
  expect(decodeJson(encode({ $bytes: '' }))).toEqual({ $bytes: '' })
})

test('keys sort by length, then by UTF-8 bytes, which is not the order of UTF-16', () => {
  const keys = ['\u{10000}a', '\uffee\u00e9', 'b', 'aa', 'é', '😀', '\uffeea']
  const value = Object.fromEntries(keys.map((key) => [key, key]))
  const bytes = encode(value)
  expect(decodeJson(bytes)).toEqual(value)
  expect(Buffer.from(bytes)).toEqual(Buffer.from(atcuteEncode(value)))
})

test('numbers keep the shortest form at every border', () => {
  const borders = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]
  for (const value of borders.flatMap((n) => [n, -n, -1 - n]).filter(Number.isSafeInteger)) {
    const bytes = encode(value)
    expect(decodeJson(bytes)).toBe(value === 0 ? 0 : value)
    expect(Buffer.from(bytes)).toEqual(Buffer.from(atcuteEncode(value)))
  }
})

test('integers below -(2^53 - 1) are refused, though their argument is safe', () => {
  expect(decodeJson(hex('3b001ffffffffffffe'))).toBe(Number.MIN_SAFE_INTEGER)
  expect(accepts(hex('3b001fffffffffffff'))).toBe(false)
})

test('a shorter key after a longer one is out of order', () => {
  expect(accepts(hex('a2616200626161f6'))).toBe(true)
  expect(accepts(hex('a2626161f6616200'))).toBe(false)
})

test('values in the middle of other bytes are decoded in their bounds', () => {
  const bytes = Buffer.concat([hex('ffff'), encode({ a: [1, 'x'] }), hex('00')])
  expect(decodeJson(bytes, 2, bytes.length - 1)).toEqual({ a: [1, 'x'] })
  expect(() => decodeJson(bytes, 2, bytes.length - 2)).toThrow(InvalidError)
  expect(() => decodeJson(bytes, 2)).toThrow(/after the value/)
  expect(decodeFirst(bytes, 2)).toEqual({ value: { a: [1, 'x'] }, next: bytes.length - 1 })
  expect(() => decodeJson(bytes, 5, 99)).toThrow(RangeError)
})

test('the raw form gives CIDs and bytes as views of the source', () => {
  const cid = new Cid(cidForBlock(hex('00')))
  const bytes = encode({ cid, list: [Uint8Array.of(1, 2)] })
  const value = decode(bytes) as { cid: Cid; list: Uint8Array[] }
  expect(value.cid.bytes.buffer).toBe(bytes.buffer)
  expect(value.list[0]?.buffer).toBe(bytes.buffer)
  expect(encode(value)).toEqual(bytes)
  expect(JSON.parse(JSON.stringify(value.cid))).toEqual({ $link: cid.$link })
})

test('the cached keys follow neither the source nor its later contents', () => {
  const bytes = encode({ fleeting: 1 })
  const copy = Buffer.from(bytes)
  expect(decodeJson(copy)).toEqual({ fleeting: 1 })
  // The cache looks at length, first, middle and last byte: this one falls into the same slot.
  copy.write('flXeting', 2)
  expect(decodeJson(copy)).toEqual({ flXeting: 1 })
  expect(decodeJson(bytes)).toEqual({ fleeting: 1 })
})

test('junk keys without number, and keys that begin like others, change nothing but speed', () => {
  for (let i = 0; i < 60_000; i++) {
    const long = `k${i}`.padEnd(8 + (i % 20), 'xyz')
    for (const key of [long, long.slice(0, 7)]) {
      const value = { [key]: 1, $type: key }
      expect(Object.keys(decodeJson(encode(value)) as object).includes(key)).toBe(true)
    }
  }
})

test('random values agree with @atcute/cbor, and every mutation it refuses is refused here', () => {
  const random = randomOf(7)
  const pick = (n: number) => Math.floor(random() * n)
  const make = (depth: number): unknown => {
    switch (pick(depth > 3 ? 6 : 8)) {
      case 0:
        return pick(3) === 0 ? -pick(1 << 30) : pick(2 ** 31)
      case 1:
        return ['', 'a', 'hello world', 'über 😀', 'x'.repeat(pick(300))][pick(5)]
      case 2:
        return [true, false, null][pick(3)]
      case 3:
        return { $link: cidToString(cidForBlock(Uint8Array.of(pick(256)), pick(2) === 0 ? 0x71 : 0x55)) }
      case 4:
        return { $bytes: Buffer.alloc(pick(20), pick(256)).toString('base64').replace(/=+$/, '') }
      case 5:
        return `at://did:plc:${pick(1 << 30)}`
      case 6:
        return Array.from({ length: pick(5) }, () => make(depth + 1))
      default:
        return Object.fromEntries(
          Array.from({ length: pick(6) }, (_, i) => [`${'key'.slice(pick(3))}${i}`, make(depth + 1)]),
        )
    }
  }
  const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
  for (let round = 0; round < 1500; round++) {
    const value = make(0)
    const bytes = Buffer.from(encode(value))
    expect(decodeJson(bytes)).toEqual(value)
    expect(json(atcuteDecode(bytes))).toEqual(value)
    for (let i = 0; i < 8; i++) {
      const mutant = Buffer.from(bytes)
      const at = pick(mutant.length)
      mutant[at] = (mutant[at] as number) ^ (1 << pick(8))
      let theirs: unknown
      try {
        theirs = json(atcuteDecode(mutant))
      } catch {
        expect(accepts(mutant), mutant.toString('hex')).toBe(false)
        continue
      }
      // Where we are stricter (floats, $link as a key) is tested above.
      if (accepts(mutant)) expect(decodeJson(mutant)).toEqual(theirs)
      if (accepts(mutant)) expect(Buffer.from(encode(decodeJson(mutant)))).toEqual(mutant)
    }
  }
})

describe.skipIf(!hasFixture('indigo/fakermaker.repo.car'))('real records', () => {
  test('re-encoding a real repo gives the same bytes', async () => {
    const { parseCar } = await import('./car.ts')
    const { blocks } = parseCar(fixture('indigo/fakermaker.repo.car'))
    expect(blocks.size).toBeGreaterThan(150)
    for (const block of blocks.values())
      expect(Buffer.from(encode(decodeJson(block)))).toEqual(Buffer.from(block))
  })
})

/** A map of one pair of short texts, by hand: the encoder has rules about `$link`. */
function encodeRaw(map: Record<string, string>): Buffer {
  const [[key, value]] = Object.entries(map) as [[string, string]]
  return Buffer.concat([
    Buffer.from([0xa1, 0x60 | key.length]),
    Buffer.from(key),
    Buffer.from([0x60 | value.length]),
    Buffer.from(value),
  ])
}
