import type { RecordIssue } from '../../src/dispatch/handler.ts'
import { isUri } from '../../src/protocol/syntax.ts'

/** One record on which lextap and `@atproto/lexicon` disagree. */
export interface Disagreement {
  readonly record: unknown
  /** What lextap says is wrong; null when it accepts the record. */
  readonly ours: RecordIssue | null
  /** What the reference says is wrong; null when it accepts the record. */
  readonly reference: string | null
  /** The value lextap's issue is about. */
  readonly culprit: unknown
}

export interface Difference {
  /** Heading of the difference in docs/validation.md. */
  readonly id: string
  readonly explains: (d: Disagreement) => boolean
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
/** What the reference holds as a CID, bytes or a blob, all of which pass for objects there. */
const isSpecial = (value: unknown): boolean =>
  isMap(value) &&
  ('$link' in value || '$bytes' in value || value.$type === 'blob' || ('cid' in value && 'mimeType' in value))

/** Whether a value somewhere inside passes the test. */
function some(value: unknown, test: (value: unknown) => boolean): boolean {
  if (test(value)) return true
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((item) => some(item, test))
}

const refuses = (test: (d: Disagreement & { ours: RecordIssue }) => boolean) => (d: Disagreement) =>
  d.ours !== null && d.reference === null && test({ ...d, ours: d.ours })
const accepts = (test: (d: Disagreement & { reference: string }) => boolean) => (d: Disagreement) =>
  d.ours === null && d.reference !== null && test({ ...d, reference: d.reference })

const isText = (value: unknown): value is string => typeof value === 'string'

/** Every deliberate difference; docs/validation.md has the reasons. */
export const DIFFERENCES: readonly Difference[] = [
  {
    id: 'unsafe integers',
    explains: refuses(({ ours, culprit }) => ours.expected === 'integer' && !Number.isSafeInteger(culprit)),
  },
  {
    id: 'lone surrogates',
    explains: refuses(
      ({ ours, culprit }) => ours.rule === 'unicode' || (isText(culprit) && !culprit.isWellFormed()),
    ),
  },
  { id: 'blob limits', explains: refuses(({ ours }) => ours.rule === 'accept' || ours.rule === 'maxSize') },
  {
    id: 'blob sizes',
    explains: refuses(
      ({ ours, culprit }) =>
        ours.expected === 'a blob' &&
        isMap(culprit) &&
        !(Number.isSafeInteger(culprit.size) && (culprit.size as number) >= 0),
    ),
  },
  {
    id: 'blessed cids',
    explains: refuses(
      ({ ours, culprit }) =>
        /^(?:a blob|a cid link)$/.test(ours.expected) &&
        some(culprit, (v) => isText(v) && /^(?:Qm|z|k|b)/.test(v)),
    ),
  },
  {
    id: 'cids in their alphabet',
    explains: refuses(
      ({ ours, culprit }) => ours.expected === 'cid' && isText(culprit) && !/^[a-zA-Z0-9]+$/.test(culprit),
    ),
  },
  {
    id: 'objects are objects',
    explains: refuses(
      ({ ours, culprit }) => ours.expected === 'object' && (Array.isArray(culprit) || isSpecial(culprit)),
    ),
  },
  {
    id: 'open data',
    explains: refuses(
      ({ ours, culprit }) =>
        ours.rule === 'data' ||
        ours.rule === 'depth' ||
        (/^an object/.test(ours.expected) && (Array.isArray(culprit) || isSpecial(culprit))),
    ),
  },
  {
    id: 'base64 without white space',
    explains: refuses(
      ({ ours, culprit }) => ours.expected === 'bytes' && /\s/.test(JSON.stringify(culprit ?? '')),
    ),
  },
  {
    id: 'datetimes that do not parse',
    explains: refuses(
      ({ ours, culprit }) =>
        ours.expected === 'datetime' &&
        isText(culprit) &&
        (culprit.length > 64 || /T.*T/.test(culprit) || Number.isNaN(Date.parse(culprit))),
    ),
  },
  {
    id: 'long uris',
    explains: refuses(
      ({ ours, culprit }) => ours.expected === 'uri' && isText(culprit) && culprit.length > 8192,
    ),
  },
  {
    id: 'lex: and #main in $type',
    explains: ({ record }) =>
      some(record, (v) => isMap(v) && isText(v.$type) && /^lex:|#main$/.test(v.$type)),
  },
  {
    id: 'uris of the specification',
    explains: accepts(
      ({ reference, record }) =>
        /must be a uri/.test(reference) && some(record, (v) => isText(v) && isUri(v)),
    ),
  },
  {
    id: 'look-alikes of old blobs',
    explains: accepts(({ record }) => some(record, (v) => isMap(v) && isText(v.cid) && isText(v.mimeType))),
  },
  {
    id: 'inherited property names',
    explains: accepts(({ reference }) => /constructor|toString|valueOf/.test(reference)),
  },
  {
    id: 'references to tokens and records',
    explains: accepts(({ reference }) => /Unexpected lexicon type/.test(reference)),
  },
]
