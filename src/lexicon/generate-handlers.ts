import { HEADER } from './header.ts'
import type { Lexicons } from './lexicons.ts'
import { meaningOf } from './meaning.ts'
import { fileOf, importNames, importPath, quote } from './names.ts'
import { docComment, Writer } from './writer.ts'

const OWN_NAMES = [
  'l',
  'Database',
  'Keys',
  'Collections',
  'Wildcards',
  'Rows',
  'Context',
  'Handlers',
  'RecordEvent',
]

/** `handlers.ts`: `on`, `onIdentity`, `onAccount` and `schemas`, bound to the records and the user's tables. */
export function generateHandlers(lexicons: Lexicons): string {
  const nsids = lexicons.records().map((doc) => doc.id)
  const names = importNames(nsids, new Set(OWN_NAMES))
  const w = new Writer()
  w.line(HEADER).line()
  w.line("import * as l from 'lextap/lex'")
  w.line("import type { Database, Keys } from './database.ts'")
  for (const nsid of nsids)
    w.line(`import * as ${names.get(nsid)} from '${importPath('handlers.ts', fileOf(nsid))}'`)
  w.line()
  docComment(w, ['Every record lexicon of the project: NSID → record.'])
  w.block('export interface Collections {', () => {
    for (const nsid of nsids) w.line(`${quote(nsid)}: ${names.get(nsid)}.Main`)
  })
  w.line()
  docComment(w, ['The wildcards `on` takes, and the collections each one names.'])
  w.block('export interface Wildcards {', () => {
    for (const [pattern, members] of wildcards(nsids)) writeUnion(w, `${quote(pattern)}:`, members.map(quote))
  })
  w.line()
  docComment(w, ['Row writers of your tables, as handlers find them in their context.'])
  w.line('export type Rows = l.RowsOf<Database, Keys>').line()
  docComment(w, ['The second argument of every handler.'])
  w.line('export type Context = l.HandlerContext<Database, Rows>').line()
  w.line('type Pattern = keyof Collections | keyof Wildcards').line()
  docComment(w, ["What `on` takes besides the name: `Handlers<'app.bsky.feed.post'>`."])
  w.block(
    'export type Handlers<P extends Pattern> = l.HandlersOf<',
    () => w.line('Collections,').line('l.Named<Collections, Wildcards, P>,').line('Context'),
    '>',
  ).line()
  docComment(w, [
    'Creates, updates and deletes of a collection or wildcard, told apart by `action` and `collection`.',
  ])
  w.line(
    'export type RecordEvent<P extends Pattern> = l.RecordEventOf<Collections, l.Named<Collections, Wildcards, P>>',
  ).line()
  docComment(w, ['The schemas of all records: NSID → schema.'])
  w.block(
    'export const schemas: { readonly [N in keyof Collections]: l.RecordSchema<Collections[N], N> } = {',
    () => {
      for (const nsid of nsids) w.line(`${quote(nsid)}: ${names.get(nsid)}.main,`)
    },
  )
  w.line()
  docComment(w, [
    'What each lexicon means, as a hash: a change of it makes `lextap run` validate what is stored again.',
  ])
  w.block('export const fingerprints: { readonly [N in keyof Collections]: string } = {', () => {
    for (const doc of lexicons.records()) w.line(`${quote(doc.id)}: '${meaningOf(doc, lexicons)}',`)
  })
  w.line()
  docComment(w, [
    "Declares what to do with the records of a collection: `on('app.bsky.feed.post', { put, delete })`.",
  ])
  w.line(
    'export const on: l.On<Collections, Wildcards, Database, Rows> = /*#__PURE__*/ l.createOn(schemas)',
  ).line()
  docComment(w, ['Declares what to do when handle, PDS or signing key of a tracked account changed.'])
  w.line('export const onIdentity: l.OnIdentity<Database, Rows> = /*#__PURE__*/ l.createOnIdentity()').line()
  docComment(w, ['Declares what to do when the standing of a tracked account changed.'])
  w.line('export const onAccount: l.OnAccount<Database, Rows> = /*#__PURE__*/ l.createOnAccount()')
  return w.toString()
}

/** `app.bsky.graph.*` and every shorter one, with the collections below it. Sorted. */
export function wildcards(nsids: readonly string[]): [pattern: string, members: string[]][] {
  const found = new Map<string, string[]>()
  for (const nsid of nsids) {
    const parts = nsid.split('.')
    for (let length = 1; length < parts.length; length++) {
      const pattern = `${parts.slice(0, length).join('.')}.*`
      const members = found.get(pattern)
      if (members === undefined) found.set(pattern, [nsid])
      else members.push(nsid)
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1))
}

function writeUnion(w: Writer, head: string, members: readonly string[]): void {
  const line = `${head} ${members.join(' | ')}`
  if (line.length <= w.room || members.length === 1) w.line(line)
  else
    w.block(
      head,
      () => {
        for (const member of members) w.line(`| ${member}`)
      },
      '',
    )
}
