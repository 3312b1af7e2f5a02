import { jsonToLex, Lexicons as ReferenceLexicons } from '@atproto/lexicon'
import { expect, test } from 'vitest'
import { generateProject } from '../../test/support/generated-project.ts'
import { DIFFERENCES } from '../../test/support/lexicon-differences.ts'
import { CID, RAW_CID } from '../../test/support/lexicon-values.ts'

/** One record for every deliberate difference from `@atproto/lexicon`; docs/validation.md says why. */
const NSID = 'com.example.difference'
const docs = [
  {
    lexicon: 1,
    id: NSID,
    defs: {
      main: {
        type: 'record',
        record: {
          type: 'object',
          properties: {
            integer: { type: 'integer' },
            text: { type: 'string' },
            blob: { type: 'blob', accept: ['image/*'], maxSize: 100 },
            link: { type: 'cid-link' },
            cid: { type: 'string', format: 'cid' },
            object: { type: 'ref', ref: '#object' },
            unknown: { type: 'unknown' },
            open: { type: 'union', refs: ['#object'] },
            closed: { type: 'union', refs: ['#object'], closed: true },
            bytes: { type: 'bytes' },
            datetime: { type: 'string', format: 'datetime' },
            uri: { type: 'string', format: 'uri' },
            token: { type: 'ref', ref: '#token' },
            record: { type: 'ref', ref: NSID },
            constructor: { type: 'string' },
          },
        },
      },
      object: { type: 'object', properties: { a: { type: 'integer' } } },
      token: { type: 'token' },
    },
  },
]
const blob = (fields: object) => ({
  $type: 'blob',
  ref: { $link: RAW_CID },
  mimeType: 'image/png',
  size: 5,
  ...fields,
})
const deep = (levels: number): object => (levels === 0 ? {} : { inner: deep(levels - 1) })

type Case = [id: string, fields: Record<string, unknown>, ours: boolean, reference: boolean]
// Without a property `constructor` the reference refuses every record of this lexicon.
const own = { constructor: 'mine' }
const cases: Case[] = [
  ['unsafe integers', { integer: 2 ** 53 }, false, true],
  ['lone surrogates', { text: 'a\ud800' }, false, true],
  ['lone surrogates', { uri: 'https://\udfff' }, false, true],
  ['blob limits', { blob: blob({ size: 101 }) }, false, true],
  ['blob limits', { blob: blob({ mimeType: 'text/html' }) }, false, true],
  ['blob sizes', { blob: blob({ size: -1 }) }, false, true],
  ['blob sizes', { blob: blob({ size: 1.5 }) }, false, true],
  [
    'blessed cids',
    { link: { $link: 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi' } },
    false,
    true,
  ],
  ['blessed cids', { link: { $link: 'QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR' } }, false, true],
  ['cids in their alphabet', { cid: 'zdj7WhuEjrB52m1BisYCtmjH1hSKa7yZ3jEZ9JcX\u0301FRD51wVz' }, false, true],
  ['objects are objects', { object: [] }, false, true],
  ['objects are objects', { object: { $link: CID } }, false, true],
  ['open data', { unknown: [1] }, false, true],
  ['open data', { unknown: { $bytes: 'AAAA' } }, false, true],
  ['open data', { unknown: { a: 1.5 } }, false, true],
  ['open data', { unknown: deep(70) }, false, true],
  ['open data', { open: { $type: 'com.example.other', a: [{ b: '\ud800' }] } }, false, true],
  ['base64 without white space', { bytes: { $bytes: 'AA AA' } }, false, true],
  ['datetimes that do not parse', { datetime: '2020-01-01T00:00:00ZTabc' }, false, true],
  ['datetimes that do not parse', { datetime: `2020-01-01T00:00:00ZT${'a'.repeat(60)}` }, false, true],
  ['long uris', { uri: `https://a/${'a'.repeat(8190)}` }, false, true],
  ['lex: and #main in $type', { $type: `lex:${NSID}` }, false, true],
  ['lex: and #main in $type', { closed: { $type: `lex:${NSID}#object` } }, false, true],
  ['lex: and #main in $type', { open: { $type: `lex:${NSID}#object`, a: 'no integer' } }, true, false],
  ['uris of the specification', { uri: 'content-type:text/plain' }, true, false],
  ['uris of the specification', { uri: 'x:/y' }, true, false],
  ['uris of the specification', { uri: 'http://' }, true, false],
  ['look-alikes of old blobs', { extra: { cid: 'no cid', mimeType: 'x' } }, true, false],
  ['inherited property names', { constructor: undefined }, true, false],
  ['references to tokens and records', { token: `${NSID}#token` }, true, false],
  ['references to tokens and records', { record: { $type: NSID } }, true, false],
]

const reference = (record: unknown): string | null => {
  const lexicons = new ReferenceLexicons(structuredClone(docs) as never)
  try {
    lexicons.assertValidRecord(NSID, jsonToLex(record as never))
    return null
  } catch (error) {
    return (error as Error).message
  }
}

test('every deliberate difference from the reference is one, and is told from mistakes', async () => {
  using project = await generateProject(docs)
  const schema = (await project.schemas())[NSID]
  for (const [id, fields, ours, theirs] of cases) {
    const record: Record<string, unknown> = { $type: NSID, ...own, ...fields }
    if (record.constructor === undefined) Reflect.deleteProperty(record, 'constructor')
    const result = schema?.$safeParse(record)
    const complaint = reference(record)
    expect([id, fields, result?.success, complaint === null]).toEqual([id, fields, ours, theirs])
    const issue = result?.success === false ? (result.issues[0] ?? null) : null
    const culprit = issue?.path.reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], record)
    const found = DIFFERENCES.filter(({ explains }) =>
      explains({ record, ours: issue, reference: complaint, culprit }),
    )
    expect([id, found.map((difference) => difference.id)]).toEqual([id, expect.arrayContaining([id])])
  }
  expect([...new Set(cases.map(([id]) => id))].sort()).toEqual(DIFFERENCES.map(({ id }) => id).sort())
})

test('strict mode keeps to the specification', async () => {
  using project = await generateProject(docs)
  const schema = (await project.schemas())[NSID]
  const lenient: Record<string, unknown>[] = [
    { datetime: '2024-01-01T00:00:00' },
    { uri: 'https://exämple.com' },
    { cid: 'QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR' },
    { blob: { $type: 'blob', ref: { $link: CID }, mimeType: 'image/png', size: 5 } },
    { object: { $type: 'com.example.other' } },
  ]
  for (const fields of lenient) {
    const record = { $type: NSID, ...own, ...fields }
    expect([fields, schema?.$safeParse(record).success]).toEqual([fields, true])
    expect([fields, schema?.$safeParse(record, { strict: true }).success]).toEqual([fields, false])
  }
})

test('blobs of the form before 2023 pass unless the options say no', async () => {
  using project = await generateProject(docs)
  const schema = (await project.schemas())[NSID]
  const record = { $type: NSID, ...own, blob: { cid: RAW_CID, mimeType: 'image/png' } }
  expect(schema?.$safeParse(record).success).toBe(true)
  expect(schema?.$safeParse(record, { legacyBlobs: false })).toMatchObject({
    success: false,
    issues: [{ path: ['blob'], expected: 'a blob with $type' }],
  })
})
