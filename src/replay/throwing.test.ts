import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import { type Bench, closeBenches, del, on, openBench, put, unit } from '../../test/support/dispatching.ts'
import { type ReplayOptions, replayWith } from '../../test/support/replaying.ts'
import type { HandlerDefinition } from '../dispatch/handler.ts'
import type { RepoRow } from '../store/repo-row.ts'

afterAll(closeBenches)

/** Handlers that cannot take everything they are handed again. */
const POST = 'com.example.post'
const TABLES = [
  'create table post (uri text primary key, text text, action text)',
  'create table told (what text)',
]

/** Takes posts that `takes` likes; chunks where that may be. */
const posts = (takes: (rkey: string) => boolean = () => true): HandlerDefinition =>
  on(POST, {
    async put({ uri, rkey, action, record }, { tx, rows }) {
      await rows.post?.upsert({ uri, text: record.text, action })
      if (takes(rkey)) return
      // Half of them by a statement, and after writing.
      if (rkey.endsWith('0')) await tx.insertInto('post').values({ uri, text: 'twice' }).execute()
      throw new Error(`cannot take ${rkey}`)
    },
    async puts(events, { rows }) {
      for (const { uri, rkey, action, record } of events) {
        await rows.post?.upsert({ uri, text: record.text, action })
        if (!takes(rkey)) throw new Error(`cannot take one of ${events.length}`)
      }
    },
    async delete({ uri }, { rows }) {
      await rows.post?.delete({ uri })
    },
  })
const RECORDS = 100
const fails = (rkey: string) => Number(rkey.slice(1)) % 25 === 10 || Number(rkey.slice(1)) % 25 === 3
const FAILING = Array.from({ length: RECORDS }, (_, n) => `r${n}`).filter(fails)

async function filled(t: Bench): Promise<RepoRow[]> {
  const made: RepoRow[] = []
  for (let i = 0; i < 2; i++) {
    const row = await t.repo()
    made.push(row)
    const ops = Array.from({ length: RECORDS }, (_, n) => put(POST, `r${n}`, { text: 'old' }))
    await t.dispatcher.submit(unit(row, ops, { source: 'backfill' }))
  }
  return made
}

/** Stopped behind every page, and gone on with. */
async function inPieces(t: Bench, definitions: readonly HandlerDefinition[], options: ReplayOptions = {}) {
  for (let pieces = 1; ; pieces++) {
    const abort = new AbortController()
    let before = -1
    const onProgress = ({ done }: { done: number }) => {
      if (before >= 0 && done > before) abort.abort(new Error('stopped'))
      before = Math.max(before, done)
    }
    try {
      const result = await replayWith(t, definitions, {
        ...options,
        signal: abort.signal,
        onProgress,
        deps: { records: 70 },
      })
      return { result, pieces }
    } catch (error) {
      if (!String(error).includes('stopped')) throw error
    }
  }
}

describe.each(DIALECTS)('on $name a replay whose handler throws', (dialect) => {
  test('goes on, stopped or not: each record is a row or one dead letter, and the mended handler settles them', async () => {
    await using t = await openBench(dialect, [posts()], { tables: TABLES })
    const [first] = await filled(t)
    if (first === undefined) throw new Error('no repo')
    const { result, pieces } = await inPieces(t, [posts((rkey) => !fails(rkey))])
    expect(pieces).toBeGreaterThan(1)
    expect(result).toMatchObject({ done: 2 * RECORDS, letters: 2 * FAILING.length, error: null })
    const letters = await t.store.deadLetters.list({ limit: 1000 })
    expect(letters.map(({ rkey }) => rkey).sort()).toEqual([...FAILING, ...FAILING].sort())
    for (const { rkey, error, attempts } of letters) {
      expect(error).toMatch(rkey.endsWith('0') ? /unique/i : `cannot take ${rkey}`)
      expect(attempts).toBe(3)
    }
    // What the old handler had made of them is gone: a fresh fetch would bring none.
    expect(await t.rows('post')).toHaveLength(2 * (RECORDS - FAILING.length))

    // Live meanwhile: a good version is a create, and the delete of what nobody has is nothing.
    const [one = '', two = ''] = FAILING
    await t.dispatcher.submit(unit(first, [put(POST, one, { text: 'live' }, 'update'), del(POST, two)]))
    // The handler of the running process takes it.
    expect((await t.rows('post')).filter(({ text }) => text === 'live')).toMatchObject([{ action: 'create' }])
    expect((await t.store.deadLetters.counts()).total).toBe(2 * FAILING.length - 2)

    expect((await inPieces(t, [posts()])).result).toMatchObject({ letters: 0 })
    expect(await t.store.deadLetters.list()).toEqual([])
    expect(await t.store.db.all('select * from lextap_uncreated')).toEqual([])
    expect(await t.rows('post')).toHaveLength(2 * RECORDS - 1)
  })

  test('at all of them writes a letter for each and takes every row back', async () => {
    await using t = await openBench(dialect, [posts()], { tables: TABLES })
    await filled(t)
    const { result } = await inPieces(t, [posts(() => false)])
    expect(result).toMatchObject({ letters: 2 * RECORDS })
    expect(await t.rows('post')).toEqual([])
    // Tried again, the letters are the same ones.
    expect((await inPieces(t, [posts(() => false)])).result).toMatchObject({ letters: 2 * RECORDS })
    expect((await t.store.deadLetters.counts()).total).toBe(2 * RECORDS)
    expect((await replayWith(t, [posts()])).letters).toBe(0)
    expect((await t.store.deadLetters.counts()).total).toBe(0)
    expect(await t.rows('post')).toHaveLength(2 * RECORDS)
  })

  test('at accounts too goes on from empty, and their letters are there once', async () => {
    const silent: HandlerDefinition[] = [
      { kind: 'account', handle: () => Promise.reject(new Error('no accounts')) },
      { kind: 'identity', handle: async (_, { rows }) => rows.told?.insert({ what: 'identity' }) },
    ]
    await using t = await openBench(dialect, [posts()], { tables: TABLES })
    const [first] = await filled(t)
    await t.store.repos.patch(first?.id ?? 0, { standing: 'takendown', pds: 'https://pds.test' })
    for (let i = 0; i < 2; i++) {
      const empty = async () => {
        for (const name of ['post', 'told']) await t.store.db.run(`delete from ${name}`)
      }
      await empty()
      const request = { fresh: { keep: [] }, deps: { records: 70 } }
      const result = await replayWith(t, [posts((rkey) => !fails(rkey)), ...silent], request)
      expect(result).toMatchObject({ letters: 2 * FAILING.length + 1, error: null })
      expect((await t.store.deadLetters.counts()).total).toBe(2 * FAILING.length + 1)
      expect(await t.rows('told')).toEqual([{ what: 'identity' }])
      expect(await t.rows('post')).toHaveLength(2 * (RECORDS - FAILING.length))
    }
  })
})
