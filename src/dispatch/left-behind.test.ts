import { sql } from 'kysely'
import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import { closeBenches, on, openBench, put, unit } from '../../test/support/dispatching.ts'

afterAll(closeBenches)

const POST = 'app.test.post'
const tables = ['create table post (uri text primary key, text text)']

describe.each(DIALECTS)('on $name what a handler leaves in its transaction', (dialect) => {
  /** Each event of a batch runs its text and then writes what it reads. */
  async function told(texts: readonly string[], reads: string) {
    const leaving = on(POST, {
      async put({ rkey, record }, { tx, rows }) {
        if (record.text !== '') await sql.raw(record.text).execute(tx)
        const { rows: found } = await sql.raw<{ what: unknown }>(reads).execute(tx)
        await rows.post?.upsert({ uri: rkey, text: String(found[0]?.what) })
      },
    })
    await using bench = await openBench(dialect, [leaving], { tables })
    const ops = texts.map((text, i) => put(POST, `${i}`, { text }))
    await bench.dispatcher.submit(unit(await bench.repo(), ops))
    expect(await bench.store.deadLetters.list()).toEqual([])
    return (await bench.rows('post')).map(({ text }) => text)
  }

  test('as a temporary table is gone when its event is over', async () => {
    const end = dialect.name === 'sqlite' ? '' : ' on commit drop'
    const make = `create temp table mine (n int)${end}`
    expect(await told([make, make, make], 'select count(*) as what from mine')).toEqual(['0', '0', '0'])
  })

  test.skipIf(dialect.name === 'sqlite')('as a setting is gone when its event is over', async () => {
    const texts = ["select set_config('app.who', 'me', true)", '', "set app.who to 'you'", '']
    const reads = "select coalesce(current_setting('app.who', true), '') as what"
    expect(await told(texts, reads)).toEqual(['me', '', 'you', ''])
    const path = ['', 'set local search_path to pg_catalog, public', '']
    const [before, set, after] = await told(path, "select current_setting('search_path') as what")
    expect(set).toBe('pg_catalog, public')
    expect(String(after).replace('"$user", ', '')).toBe(String(before).replace('"$user", ', ''))
  })

  test.skipIf(dialect.name === 'sqlite')('as a cursor is closed when its event is over', async () => {
    const make = 'declare mine cursor for select 7 as what'
    expect(await told([make, make], 'fetch all from mine')).toEqual(['7', '7'])
  })
})
