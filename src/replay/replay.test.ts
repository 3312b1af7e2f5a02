import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import { type Bench, closeBenches, del, on, openBench, put, unit } from '../../test/support/dispatching.ts'
import { Random } from '../../test/support/random.ts'
import { replayWith } from '../../test/support/replaying.ts'
import type { PutEvent } from '../dispatch/event.ts'
import type { HandlerDefinition } from '../dispatch/handler.ts'
import type { RepoRow } from '../store/repo-row.ts'
import { openReplay } from './journal.ts'
import { PAGE } from './page.ts'

const POST = 'com.example.post'
const LIKE = 'com.example.like'
const TABLES = [
  'create table post (uri text primary key, text text, action text, source text, live text)',
  'create table likes (uri text primary key, text text)',
  'create table heard (name text, uri text, text text)',
]

const text = ({ record }: PutEvent) => (record as { text: string }).text

const posts = on(POST, {
  async put(event, { rows }) {
    const { uri, action, source, live } = event
    await rows.post?.upsert({ uri, text: text(event), action, source, live: String(live) })
  },
  async delete({ uri }, { rows }) {
    await rows.post?.delete({ uri })
  },
})
const likes = on(LIKE, {
  async put(event, { tx }) {
    const row = { uri: event.uri, text: text(event) }
    await tx
      .insertInto('likes')
      .values(row)
      // biome-ignore lint/suspicious/noExplicitAny: stands for generated types
      .onConflict((c: any) => c.column('uri').doUpdateSet(row))
      .execute()
  },
  async delete({ uri }, { tx }) {
    await tx.deleteFrom('likes').where('uri', '=', uri).execute()
  },
})
const named = (definition: HandlerDefinition, name: string, version?: number): HandlerDefinition =>
  definition.kind === 'record'
    ? {
        ...definition,
        name,
        handlers: { ...definition.handlers, ...(version === undefined ? {} : { version }) },
      }
    : definition

async function fill(bench: Bench, repos: number, records: number): Promise<RepoRow[]> {
  const made: RepoRow[] = []
  for (let r = 0; r < repos; r++) {
    const row = await bench.repo()
    made.push(row)
    const ops = Array.from({ length: records }, (_, i) =>
      put(i % 3 === 0 ? LIKE : POST, `r${i}`, { text: `${r} ${i}` }),
    )
    await bench.dispatcher.submit(unit(row, ops))
  }
  return made
}

const textsOf = async (bench: Bench) =>
  [...(await bench.rows('post')), ...(await bench.rows('likes'))]
    .map((row) => `${row.uri} ${row.text}`)
    .sort()

afterAll(closeBenches)

describe.each(DIALECTS)('a replay on $name', (dialect) => {
  const bench = (definitions: readonly HandlerDefinition[] = [posts, likes]) =>
    openBench(dialect, definitions, { tables: TABLES })

  test('brings back rows that were lost, as historical creates', async () => {
    await using t = await bench()
    await fill(t, 3, 40)
    const before = await textsOf(t)
    for (const table of ['post', 'likes']) await t.store.db.run(`delete from ${table}`)
    const result = await replayWith(t, [posts, likes])
    expect(result).toMatchObject({ done: 120, missing: 0, letters: 0, error: null })
    expect(await textsOf(t)).toEqual(before)
    const seen = new Set(
      (await t.rows('post')).map(({ action, source, live }) => `${action} ${source} ${live}`),
    )
    expect(seen).toEqual(new Set(['create replay false']))
    expect(await openReplay(t.store)).toBeNull()
  })

  test('reaches every record once, however many pages they make', async () => {
    const counted = on(POST, {
      async put({ uri }, { tx }) {
        await tx.insertInto('heard').values({ name: 'put', uri, text: '' }).execute()
      },
    })
    await using t = await bench([counted])
    const row = await t.repo()
    const other = await t.repo()
    const many = PAGE.records * 2 + 17
    for (let i = 0; i < many; i += 1000) {
      const ops = Array.from({ length: Math.min(1000, many - i) }, (_, n) => put(POST, `r${i + n}`, {}))
      await t.dispatcher.submit(unit(row, ops))
    }
    await t.dispatcher.submit(unit(other, [put(POST, 'a', {})]))
    await t.store.db.run('delete from heard')
    const { done } = await replayWith(t, [counted])
    expect(done).toBe(many + 1)
    const [{ n, d } = { n: 0, d: 0 }] = await t.store.db.all<{ n: number; d: number }>(
      'select count(*) as n, count(distinct uri) as d from heard',
    )
    expect([n, d]).toEqual([many + 1, many + 1])
  })

  test('keeps to the collections, accounts and handlers it was asked for', async () => {
    const heard = (name: string) =>
      on(POST, {
        async puts(events, { rows }) {
          for (const event of events) await rows.heard?.insert({ name, uri: event.uri, text: text(event) })
        },
      })
    const both = [named(heard('one'), 'one'), named(heard('two'), 'two'), named(likes, 'likes')]
    await using t = await bench(both)
    const [first] = await fill(t, 2, 6)
    const clear = () => t.store.db.run('delete from heard')
    await clear()
    expect(await replayWith(t, both, { handlers: ['two'], dids: [first?.did ?? ''] })).toMatchObject({
      done: 4,
    })
    expect(
      (await t.rows('heard')).map(({ name, uri }) => `${name} ${String(uri).includes(first?.did ?? '?')}`),
    ).toEqual(Array(4).fill('two true'))
    await clear()
    expect(await replayWith(t, both, { collections: [LIKE] })).toMatchObject({ done: 4 })
    expect(await t.rows('heard')).toEqual([])
    expect(await replayWith(t, both, { collections: ['com.example.*'] })).toMatchObject({ done: 12 })
    expect(await t.rows('heard')).toHaveLength(16)
  })

  test('a record that its handler cannot take any more becomes a dead letter, and the rest goes on', async () => {
    await using t = await bench()
    const [row] = await fill(t, 1, 30)
    const broken = on(POST, {
      async put(event, context) {
        if (event.rkey === 'r10') throw new Error('not this one')
        await (posts.kind === 'record' ? posts.handlers.put?.(event, context) : undefined)
      },
    })
    await t.store.db.run('delete from post')
    expect(await replayWith(t, [broken, likes])).toMatchObject({ done: 30, letters: 1 })
    const [letter] = await t.store.deadLetters.list()
    expect(letter).toMatchObject({ uri: `at://${row?.did}/${POST}/r10`, kind: 'handler' })
    expect(await t.rows('post')).toHaveLength(19)
    // With the handler mended, another replay settles it.
    expect(await replayWith(t, [posts, likes])).toMatchObject({ letters: 0 })
    expect((await t.store.deadLetters.counts()).total).toBe(0)
    expect(await t.rows('post')).toHaveLength(20)
  })

  test('a replay for one handler leaves the dead letter of another where it is', async () => {
    const fails = named(
      on(POST, {
        put() {
          throw new Error('never')
        },
      }),
      'fails',
    )
    const works = named(posts, 'works')
    await using t = await bench([fails, works])
    const row = await t.repo()
    await t.dispatcher.submit(unit(row, [put(POST, 'a', { text: 'a' })]))
    expect((await t.store.deadLetters.counts()).total).toBe(1)
    await replayWith(t, [fails, works], { handlers: ['works'] })
    expect((await t.store.deadLetters.counts()).total).toBe(1)
    expect(await t.rows('post')).toHaveLength(1)
    // Who has it hears of its end.
    await t.dispatcher.submit(unit(row, [del(POST, 'a')]))
    expect(await t.rows('post')).toEqual([])
    expect((await t.store.deadLetters.counts()).total).toBe(0)
  })

  test('stopped anywhere, it goes on behind the last batch', async () => {
    const counted = on(POST, {
      async put({ uri }, { tx }) {
        await tx.insertInto('heard').values({ name: 'put', uri, text: '' }).execute()
      },
    })
    await using t = await bench([counted])
    for (let i = 0; i < 3; i++) {
      const row = await t.repo()
      await t.dispatcher.submit(
        unit(
          row,
          Array.from({ length: 900 }, (_, n) => put(POST, `r${n}`, {})),
        ),
      )
    }
    await t.store.db.run('delete from heard')
    const abort = new AbortController()
    const stopped = replayWith(t, [counted], {
      signal: abort.signal,
      onProgress: ({ done }) => done > 0 && abort.abort(new Error('stopped')),
    })
    await expect(stopped).rejects.toThrow('stopped')
    expect((await openReplay(t.store))?.progress).toMatchObject({ done: PAGE.records, owner: null })
    expect(await replayWith(t, [counted])).toMatchObject({ done: 2700 })
    const [{ n, d } = { n: 0, d: 0 }] = await t.store.db.all<{ n: number; d: number }>(
      'select count(*) as n, count(distinct uri) as d from heard',
    )
    expect([n, d]).toEqual([2700, 2700])
  })

  test('live commits while it runs: the rows are those of the index, whatever came first', async () => {
    await using t = await bench()
    const rows = await fill(t, 12, 60)
    await t.store.db.run('delete from post')
    await t.store.db.run('delete from likes')
    const random = new Random(7)
    const running = { replay: true }
    const traffic = async () => {
      for (let i = 0; running.replay || i < 300; i++) {
        const row = rows[random.int(0, rows.length - 1)] as RepoRow
        const [collection, rkey] = [random.chance(0.5) ? POST : LIKE, `r${random.int(0, 79)}`]
        const op = random.chance(0.3)
          ? del(collection, rkey)
          : put(collection, rkey, { text: `live ${i}` }, 'update')
        await t.dispatcher.submit(unit(row, [op]))
      }
    }
    const [, result] = await Promise.all([
      traffic(),
      replayWith(t, [posts, likes], { deps: { records: 7 } }).finally(() => {
        running.replay = false
      }),
    ])
    expect(result.error).toBeNull()
    expect(await textsOf(t)).toEqual(await truthOf(t))
  })

  test('a page ends where bodies are large, and accounts that were named are read from their beginning', async () => {
    await using t = await bench()
    const [first, second, third] = await fill(t, 3, 3)
    const big = 'x'.repeat(290)
    for (let i = 0; i < 600; i += 300) {
      const ops = Array.from({ length: 300 }, (_, n) =>
        put(LIKE, `b${i + n}`, { text: big, more: 'y'.repeat(9000) }),
      )
      await t.dispatcher.submit(unit(second as RepoRow, ops))
    }
    await t.store.db.run('delete from likes')
    await t.store.db.run('delete from post')
    const pages: number[] = []
    const result = await replayWith(t, [posts, likes], {
      dids: [third?.did ?? '', second?.did ?? ''],
      onProgress: ({ done }) => pages.push(done),
    })
    expect(result).toMatchObject({ done: 606, missing: 0 })
    // 250 rows are read at a time; about 440 of them fill a page.
    expect(pages).toContain(500)
    expect((await textsOf(t)).filter((row) => row.includes(first?.did ?? '?'))).toEqual([])
    expect(await textsOf(t)).toHaveLength(606)
  })

  test('records without a body are left out and counted', async () => {
    await using t = await bench()
    await fill(t, 1, 9)
    await t.store.db.run("update lextap_record set body = null where rkey = 'r0'")
    expect(await replayWith(t, [posts, likes])).toMatchObject({ done: 8, missing: 1 })
  })
})

/** What the index says the rows should be. */
async function truthOf(t: Bench): Promise<string[]> {
  const { decodeJson } = await import('../protocol/cbor.ts')
  const found = await t.store.db.all<{ did: string; name: string; rkey: string; body: Uint8Array }>(
    `select p.did, c.name, r.rkey, r.body from lextap_record r join lextap_repo p on p.id = r.repo_id
     join lextap_collection c on c.id = r.collection_id`,
  )
  return found
    .map(
      ({ did, name, rkey, body }) =>
        `at://${did}/${name}/${rkey} ${(decodeJson(body) as { text: string }).text}`,
    )
    .sort()
}
