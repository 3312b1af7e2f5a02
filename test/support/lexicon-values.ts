import type { LexDef, LexField, LexObject, LexString } from '../../src/lexicon/document.ts'
import { type Lexicons, typeName } from '../../src/lexicon/lexicons.ts'
import type { Random } from './random.ts'

/** Values in JSON form that fit a definition, built at random. */
export const CID = 'bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq'
export const RAW_CID = 'bafkreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq'

export const FORMAT_EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  'at-identifier': ['did:plc:ewvi7nxzyoun6zhxrhs64oiz', 'alice.bsky.social'],
  'at-uri': [
    'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3jzfcijpj2z2a',
    'at://alice.test/a.b.c/self',
  ],
  cid: [CID, RAW_CID, 'zdj7WhuEjrB52m1BisYCtmjH1hSKa7yZ3jEZ9JcXaFRD51wVz', 'bafkqaaa'],
  datetime: [
    '2024-02-29T23:59:59.999Z',
    '1985-04-12T23:20:50.123+01:45',
    '2023-10-30T22:25:23Z',
    '2020-01-01T10:00:00',
  ],
  did: ['did:plc:ewvi7nxzyoun6zhxrhs64oiz', 'did:web:example.com'],
  handle: ['alice.bsky.social', 'xn--a.b-c.d'],
  language: ['en', 'pt-BR', 'JA', 'hy-Latn-IT-arevela'],
  nsid: ['app.bsky.feed.post', 'com.example.fooBar2'],
  'record-key': ['self', '3jzfcijpj2z2a', 'a~b:c_d'],
  tid: ['3jzfcijpj2z2a', '7777777777777'],
  uri: ['https://example.com/path?q=1#frag', 'dns:example.com', 'did:plc:abc', 'at://alice.test'],
}
const TEXT = ['a', 'Z', ' ', '0', 'é', 'ß', 'я', '你', 'あ', '👩‍👩‍👦', '🇩🇪', 'e\u0301', '🙂', '\r\n', 'क्षि']

export class ValueMaker {
  readonly #lexicons: Lexicons
  readonly #random: Random

  constructor(lexicons: Lexicons, random: Random) {
    this.#lexicons = lexicons
    this.#random = random
  }

  /** A record of the lexicon. */
  record(nsid: string): Record<string, unknown> {
    const main = this.#lexicons.get(nsid)?.defs.main
    if (main?.type !== 'record') throw new Error(`no record ${nsid}`)
    return { $type: nsid, ...this.#object(main.record, nsid, 0) }
  }

  #field(field: LexDef | LexField, nsid: string, depth: number): unknown {
    const random = this.#random
    switch (field.type) {
      case 'boolean':
        return field.const ?? random.chance(0.5)
      case 'integer':
        if (field.const !== undefined) return field.const
        if (field.enum !== undefined) return random.pick(field.enum)
        return random.int(
          field.minimum ?? Math.min(-5, field.maximum ?? 0),
          field.maximum ?? Math.max(9, field.minimum ?? 0),
        )
      case 'string':
        return this.#string(field)
      case 'token':
        return 'a token by itself is no value'
      case 'bytes': {
        const length = random.int(field.minLength ?? 0, Math.min(field.maxLength ?? 40, 200))
        return { $bytes: Buffer.alloc(length, random.int(0, 255)).toString('base64').replaceAll('=', '') }
      }
      case 'cid-link':
        return { $link: random.pick([CID, RAW_CID]) }
      case 'blob': {
        const mimeType = (field.accept?.[0] ?? 'image/png').replace('/*', '/png').replace('*', 'text')
        if (random.chance(0.1)) return { cid: RAW_CID, mimeType }
        return {
          $type: 'blob',
          ref: { $link: RAW_CID },
          mimeType,
          size: random.int(0, Math.min(field.maxSize ?? 1e6, 1e6)),
        }
      }
      case 'unknown':
        return random.pick([
          {},
          { a: 1, b: ['x', null, true] },
          { $type: 'a.b.c', nested: { c: { $link: CID } } },
        ])
      case 'ref': {
        const target = this.#lexicons.resolve(field.ref, nsid)
        if (target === undefined) return {}
        if (target.def.type === 'token') return typeName(target.doc.id, target.name)
        if (target.def.type === 'record') return this.record(target.doc.id)
        return this.#field(target.def, target.doc.id, depth + 1)
      }
      case 'union':
        return this.#union(field.refs, field.closed === true, nsid, depth)
      case 'array': {
        const most =
          depth > 6 ? (field.minLength ?? 0) : Math.min(field.maxLength ?? 3, (field.minLength ?? 0) + 3)
        return Array.from({ length: random.int(field.minLength ?? 0, most) }, () =>
          this.#field(field.items, nsid, depth + 1),
        )
      }
      case 'object':
        return this.#object(field, nsid, depth)
      default:
        return {}
    }
  }

  #union(refs: readonly string[], closed: boolean, nsid: string, depth: number): unknown {
    if (!closed && (refs.length === 0 || depth > 6 || this.#random.chance(0.2)))
      return { $type: 'com.example.future', anything: [1, { $link: CID }] }
    const target = this.#lexicons.resolve(this.#random.pick(refs), nsid)
    if (target === undefined) return {}
    const value =
      target.def.type === 'record'
        ? this.record(target.doc.id)
        : this.#field(target.def, target.doc.id, depth + 1)
    return { $type: typeName(target.doc.id, target.name), ...(value as object) }
  }

  #object(def: LexObject, nsid: string, depth: number): Record<string, unknown> {
    const out: Record<string, unknown> = {}
    for (const [key, field] of Object.entries(def.properties ?? {})) {
      const required = def.required?.includes(key) === true
      if (!required && (depth > 6 || this.#random.chance(0.4))) continue
      out[key] =
        def.nullable?.includes(key) === true && this.#random.chance(0.3)
          ? null
          : this.#field(field, nsid, depth + 1)
    }
    return out
  }

  #string(field: LexString): string {
    const random = this.#random
    if (field.const !== undefined) return field.const
    if (field.enum !== undefined) return random.pick(field.enum)
    if (field.format !== undefined) return random.pick(FORMAT_EXAMPLES[field.format] ?? [''])
    if (field.knownValues !== undefined && random.chance(0.7)) return random.pick(field.knownValues)
    const want = random.int(
      field.minGraphemes ?? 0,
      Math.min(field.maxGraphemes ?? 30, (field.minGraphemes ?? 0) + 40),
    )
    let text = Array.from({ length: want }, () => random.pick(TEXT)).join('')
    while (Buffer.byteLength(text) < (field.minLength ?? 0)) text += 'a'
    while (field.maxLength !== undefined && Buffer.byteLength(text) > field.maxLength)
      text = [...text].slice(0, -1).join('')
    return text
  }
}

const JUNK: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1,
  1.5,
  2 ** 53,
  2 ** 60,
  -0,
  Number.MAX_SAFE_INTEGER,
  '',
  'a',
  ' ',
  'did:plc:x',
  '\ud800',
  'a\udc00',
  'x'.repeat(700),
  '🙂'.repeat(400),
  'e\u0301'.repeat(301),
  'A'.repeat(9000),
  [],
  [1],
  ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'],
  [[]],
  {},
  { $type: 'x.y.z' },
  { $type: '' },
  { $type: 5 },
  { $link: CID },
  { $link: RAW_CID, extra: 1 },
  { $link: 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi' },
  { $bytes: 'AAAA' },
  { $bytes: '' },
  { $type: 'blob', ref: { $link: RAW_CID }, mimeType: 'image/png', size: 3 },
  { $type: 'blob', ref: { $link: RAW_CID }, mimeType: 'text/html', size: 99_999_999 },
  { $type: 'blob', ref: { $link: RAW_CID }, mimeType: 'image/png', size: -1 },
  { $type: 'blob', ref: { $link: RAW_CID }, mimeType: 'image/png', size: 3, extra: 1 },
  { $type: 'blob', mimeType: 'image/png', size: 3 },
  { cid: RAW_CID, mimeType: 'image/png' },
  { cid: RAW_CID, mimeType: 'image/png', size: 3 },
  { constructor: 1 },
  { toString: 'x' },
  '2024-01-01',
  '2024-01-01T00:00:00',
  '2024-01-01T00:00:00Z',
  '24-01-01T00:00:00Z',
  '2024-02-30T00:00:00Z',
  'JA',
  'en-a-b',
  'https://x',
  'at://a.b',
  'http:',
  'a-b:c',
  'QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR',
  CID.toUpperCase(),
  CID.slice(0, -1),
  `${CID}a`,
]

type Holder = Record<string | number, unknown>

/** Changes one thing at random, anywhere inside. The value handed in stays as it is. */
export function mutate(value: Record<string, unknown>, random: Random): Record<string, unknown> {
  const copy = structuredClone(value)
  const places: [Holder, string | number][] = []
  const collect = (holder: unknown) => {
    if (typeof holder !== 'object' || holder === null) return
    for (const key of Array.isArray(holder) ? holder.keys() : Object.keys(holder)) {
      places.push([holder as Holder, key])
      collect((holder as Holder)[key])
    }
  }
  collect(copy)
  if (places.length === 0) return copy
  const [holder, key] = random.pick(places)
  const now = holder[key]
  switch (random.int(0, 5)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(key as number, 1)
      else delete holder[key]
      break
    case 1:
      if (Array.isArray(holder)) holder.push(...holder, ...holder)
      else holder[random.pick(['extra', '$type', '$link', 'cid', 'hasOwnProperty'])] = random.pick(JUNK)
      break
    case 2:
      holder[key] =
        typeof now === 'string'
          ? editText(now, random)
          : typeof now === 'number'
            ? now + random.pick([-1e9, -1, 0.5, 1, 1e9])
            : random.pick(JUNK)
      break
    default:
      holder[key] = structuredClone(random.pick(JUNK))
  }
  return copy
}

function editText(text: string, random: Random): string {
  const at = random.int(0, text.length)
  const insert = random.pick([
    '',
    '',
    'a',
    'Z',
    '0',
    '-',
    '.',
    ':',
    '/',
    '#',
    ' ',
    'T',
    '\ud800',
    '👍',
    '\u0301',
    '#main',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  ])
  return text.slice(0, at) + insert + text.slice(at + random.int(0, 2))
}
