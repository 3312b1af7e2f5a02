import { sql } from 'kysely'
import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import { type Bench, closeBenches, on, openBench, put, unit } from '../../test/support/dispatching.ts'

afterAll(closeBenches)

const POST = 'app.test.post'
const tables = [
  'create table post (uri text primary key, text text)',
  'create table num (id integer primary key, text text)',
]

const letters = async (bench: Bench) =>
  Object.fromEntries((await bench.store.deadLetters.list()).map(({ rkey, error }) => [rkey, error]))

describe.each(DIALECTS)('on $name a statement', (dialect) => {
  test('whose failure the handler hides fails its event, and no other', async () => {
    const hiding = on(POST, {
      async put({ rkey, record }, { tx }) {
        const row = { uri: record.text, text: rkey }
        await tx
          .insertInto('post')
          .values(row)
          .returning('uri')
          .execute()
          .catch(() => {})
      },
    })
    await using bench = await openBench(dialect, [hiding], { tables })
    const ops = ['a:x', 'b:x', 'c:y'].map((key) => put(POST, key[0] ?? '', { text: key[2] }))
    await bench.dispatcher.submit(unit(await bench.repo(), ops))
    expect(await bench.rows('post')).toEqual([
      { uri: 'x', text: 'a' },
      { uri: 'y', text: 'c' },
    ])
    expect(await letters(bench)).toEqual({
      b: expect.stringMatching(/an earlier statement of this handler failed[^\n]*unique/i),
    })
  })

  test('after one that failed is refused with what failed', async () => {
    const insisting = on(POST, {
      async put({ rkey, record }, { tx }) {
        const again = rkey === 'stream' ? tx.selectFrom('nowhere').selectAll().stream() : null
        const failing =
          again === null ? sql`select * from nowhere`.execute(tx) : again[Symbol.asyncIterator]().next()
        await failing.catch(() => {})
        await tx.insertInto('post').values({ uri: rkey, text: record.text }).returning('uri').execute()
      },
    })
    await using bench = await openBench(dialect, [insisting], { tables })
    const ops = ['query', 'stream'].map((rkey) => put(POST, rkey, {}))
    await bench.dispatcher.submit(unit(await bench.repo(), ops))
    expect(await bench.rows('post')).toEqual([])
    const named = expect.stringMatching(/an earlier statement of this handler failed[^\n]*nowhere/)
    expect(await letters(bench)).toEqual({ query: named, stream: named })
  })

  test('of a signal that aborted is not sent, and one that was sent is waited for', async () => {
    const hurried = on(POST, {
      async put({ rkey }, { tx }) {
        const ending = new AbortController()
        const insert = tx.insertInto('post').values({ uri: rkey, text: 'kept' }).returning('uri')
        const kept = insert.execute({ signal: ending.signal })
        ending.abort(new Error('enough'))
        expect(await kept).toEqual([{ uri: rkey }])
        const late = tx.insertInto('post').values({ uri: 'late', text: 'late' })
        await expect(late.execute({ signal: ending.signal })).rejects.toThrow('enough')
        const rows = tx.selectFrom('post').selectAll().stream({ signal: ending.signal })
        await expect(rows[Symbol.asyncIterator]().next()).rejects.toThrow('enough')
      },
    })
    await using bench = await openBench(dialect, [hurried], { tables })
    await bench.dispatcher.submit(unit(await bench.repo(), [put(POST, 'a', {})]))
    expect(await letters(bench)).toEqual({})
    expect(await bench.rows('post')).toEqual([{ uri: 'a', text: 'kept' }])
  })

  test('that was refused before the database saw it does no harm', async () => {
    const careless = on(POST, {
      async put({ rkey, record }, { tx }) {
        await sql`commit`.execute(tx).catch(() => {})
        await tx.insertInto('post').values({ uri: rkey, text: record.text }).returning('uri').execute()
      },
    })
    await using bench = await openBench(dialect, [careless], { tables })
    await bench.dispatcher.submit(unit(await bench.repo(), [put(POST, 'a', { text: 'fine' })]))
    expect(await bench.rows('post')).toEqual([{ uri: 'a', text: 'fine' }])
  })

  test('that updates by an integer finds its row however the key is spelled, in order', async () => {
    const counting = on(POST, {
      async put({ record }, { rows }) {
        const [id, text] = record.text.split('=')
        await rows.num?.update({ id: id.startsWith('0') ? id : Number(id) }, { text })
      },
    })
    await using bench = await openBench(dialect, [counting], { tables })
    await bench.store.db.run("insert into num (id, text) values (7, ''), (8, '')")
    const texts = ['7=first', '007=second', '8=first', '07=third', '08=last']
    const ops = texts.map((text, i) => put(POST, `${i}`, { text }))
    await bench.dispatcher.submit(unit(await bench.repo(), ops))
    expect(await letters(bench)).toEqual({})
    expect(await bench.rows('num')).toEqual([
      { id: 7, text: 'third' },
      { id: 8, text: 'last' },
    ])
  })

  test('that would end the transaction fails its event alone, whatever stands before it', async () => {
    const ending = on(POST, {
      async put({ rkey, record }, { tx, rows }) {
        await rows.post?.upsert({ uri: rkey, text: 'kept' })
        if (record.text !== '') await sql.raw(record.text).execute(tx)
      },
    })
    await using bench = await openBench(dialect, [ending], { tables })
    const refused = ['; commit', ' ;; /* a */ end', '-- a\nrollback', 'release lextap', '/* ; */ begin']
    const several = ['select 1; commit', "update post set text = 'x'; update post set text = 'y'"]
    const texts = ['', ...refused, '', ...several, '']
    const ops = texts.map((text, i) => put(POST, `${i}`, { text }))
    await bench.dispatcher.submit(unit(await bench.repo(), ops))
    const says = (text: string) =>
      text === ''
        ? []
        : [refused.includes(text) ? 'that lextap opens and commits' : 'a query is one statement']
    expect(Object.entries(await letters(bench))).toEqual(
      texts.flatMap((text, i) => says(text).map((what) => [`${i}`, expect.stringContaining(what)])),
    )
    expect(await bench.rows('post')).toEqual(
      texts.flatMap((text, i) => (text === '' ? [{ uri: `${i}`, text: 'kept' }] : [])),
    )
  })
})

describe.each(DIALECTS.filter(({ name }) => name !== 'sqlite'))('on $name a raw query', (dialect) => {
  test('holds what bodies it likes, and the server refuses those that commit', async () => {
    const body = (does: string) => `do $$ begin perform 1; ${does}; end $$`
    const running = on(POST, {
      async put({ rkey, record }, { tx, rows }) {
        await rows.post?.upsert({ uri: rkey, text: 'kept' })
        await sql.raw(record.text).execute(tx)
      },
    })
    await using bench = await openBench(dialect, [running], { tables })
    const texts = [body("update post set text = 'done'"), body('commit'), '', 'select 1;']
    const ops = texts.map((text, i) => put(POST, `${i}`, { text }))
    await bench.dispatcher.submit(unit(await bench.repo(), ops))
    expect(await letters(bench)).toEqual({
      1: expect.stringContaining('invalid transaction termination'),
    })
    expect(await bench.rows('post')).toEqual([
      { uri: '0', text: 'done' },
      { uri: '2', text: 'kept' },
      { uri: '3', text: 'kept' },
    ])
  })
})

describe.each(DIALECTS.filter(({ name }) => name !== 'sqlite'))('on $name a copy in', (dialect) => {
  test('by a query fails its event, as there is nothing to copy', async () => {
    const copying = on(POST, {
      async put({ rkey, record }, { tx, rows }) {
        await rows.post?.upsert({ uri: rkey, text: 'kept' })
        await sql.raw(record.text).execute(tx)
      },
    })
    await using bench = await openBench(dialect, [copying], { tables })
    const ops = ['select 1', 'copy post from stdin', 'select 1'].map((text, i) => put(POST, `${i}`, { text }))
    await bench.dispatcher.submit(unit(await bench.repo(), ops))
    expect(await letters(bench)).toEqual({ 1: expect.stringContaining('no data to copy in') })
    expect((await bench.rows('post')).map(({ uri }) => uri)).toEqual(['0', '2'])
  })
})
