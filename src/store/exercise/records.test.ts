import { expect, test } from 'vitest'
import { cid, newDid, onEachStore } from '../../../test/support/store-exercise.ts'
import { isUnknown } from '../kept.ts'
import { DELETE_RECORDS, MARK_RECORDS, PUT_RECORDS } from '../records.ts'
import type { RepoRow } from '../repo-row.ts'

onEachStore('records', (on) => {
  const { repo } = on
  const filled = async () => {
    const row = await repo()
    await on.store.collections.intern(['a.b.one', 'a.b.two'])
    const [one, two] = ['a.b.one', 'a.b.two'].map((name) => on.store.collections.idOf(name) ?? 0) as [
      number,
      number,
    ]
    const rows = [
      [row.id, one, 'a', cid(1), 1, cid(9)],
      [row.id, one, 'b', cid(2), 1, null],
      [row.id, two, 'a', cid(3), 1, new Uint8Array(0)],
    ]
    await on.store.db.insertMany(PUT_RECORDS, rows)
    return { row, one, two }
  }

  test('are read back as they were written, in path order, page by page', async () => {
    const { row } = await filled()
    const all = await on.store.records.page(row.id, null, 10)
    expect(all.map(({ collection, rkey }) => `${collection}/${rkey}`)).toEqual([
      'a.b.one/a',
      'a.b.one/b',
      'a.b.two/a',
    ])
    expect(all[0]).toMatchObject({ repoId: row.id, run: 1 })
    expect([...(all[0]?.cid ?? [])]).toEqual([...cid(1)])
    expect([...(all[0]?.body ?? [])]).toEqual([...cid(9)])
    expect(all[1]?.body).toBeNull()
    expect(all[2]?.body).toHaveLength(0)
    const rest = await on.store.records.page(row.id, all[0] ?? null, 10)
    expect(rest.map(({ rkey }) => rkey)).toEqual(['b', 'a'])
    expect(await on.store.records.get(row.id, 'a.b.one', 'b')).toMatchObject({
      rkey: 'b',
      collection: 'a.b.one',
    })
    expect(await on.store.records.get(row.id, 'a.b.one', 'z')).toBeNull()
    expect(await on.store.records.get(row.id, 'never.seen.this', 'b')).toBeNull()
  })

  test('that are new can be loaded, and are read back as they were written', async () => {
    const row = await repo()
    await on.store.collections.intern(['a.b.one'])
    const id = on.store.collections.idOf('a.b.one') ?? 0
    const rkeys = ['', 'a', 'x'.repeat(200), 'ä🦋', 'ä🦋'.repeat(90)]
    const rows = rkeys.map((rkey, i) => [row.id, id, rkey, cid(i), i - 1, i === 0 ? null : cid(i * 3)])
    await on.store.transaction((tx) => tx.loadMany(PUT_RECORDS, rows))
    await on.store.transaction((tx) => tx.loadMany(PUT_RECORDS, []))
    const read = await on.store.records.page(row.id, null, 10)
    expect(
      read.map(({ rkey, cid, run, body }) => [rkey, [...cid], run, body === null ? null : [...body]]),
    ).toEqual(
      rows.map(([, , rkey, c, run, body]) => [
        rkey,
        [...(c as Uint8Array)],
        run,
        body === null ? null : [...(body as Uint8Array)],
      ]),
    )
  })

  test('a write over a row replaces it, a mark changes its run alone, a delete takes it out', async () => {
    const { row, one, two } = await filled()
    await on.store.db.insertMany(PUT_RECORDS, [[row.id, one, 'a', cid(5), 2, null]])
    await on.store.db.updateMany(MARK_RECORDS, [
      [row.id, one, 'b', 2],
      [row.id, two, 'nothing there', 2],
    ])
    await on.store.db.deleteMany(DELETE_RECORDS, [[row.id, two, 'a']])
    const rows = await on.store.records.page(row.id, null, 10)
    expect(rows.map(({ rkey, run, cid: [first] }) => [rkey, run, first])).toEqual([
      ['a', 2, 5],
      ['b', 2, 2],
    ])
  })

  test('F4: what a fetch did not see is found, page by page', async () => {
    const { row, one } = await filled()
    await on.store.db.updateMany(MARK_RECORDS, [[row.id, one, 'b', 2]])
    const missing = await on.store.records.missing(row.id, 2, 10)
    expect(missing.map(({ collection, rkey }) => [collection, rkey])).toEqual([
      ['a.b.one', 'a'],
      ['a.b.two', 'a'],
    ])
    expect(await on.store.records.missing(row.id, 2, 10, missing[0])).toEqual([missing[1]])
    expect(await on.store.records.missing(row.id, 2, 1)).toEqual([missing[0]])
  })

  test('whose rows were kept come back in the next life of their account, as unknown and unseen', async () => {
    const { row, two } = await filled()
    await on.store.transaction((tx) =>
      on.store.uncreated.add(tx, [{ repoId: row.id, collection: 'a.b.one', rkey: 'b' }]),
    )
    await on.store.transaction((tx) => on.store.kept.keep(tx, row.id, row.did))
    await on.store.repos.remove(row.id)
    await on.store.repos.add([row.did])
    const again = (await on.store.repos.get(row.did)) as RepoRow
    expect(await on.store.kept.isNew(again.id, row.did)).toBe(false)
    expect(await on.store.kept.isNew(again.id, newDid())).toBe(true)
    expect(await on.store.kept.adopt(again.id, row.did)).toBe(true)
    // Nothing is kept any more, but there are records.
    expect(await on.store.kept.isNew(again.id, row.did)).toBe(false)
    expect(await on.store.kept.adopt(again.id, row.did)).toBe(false)
    const missing = await on.store.records.missing(again.id, again.run, 10)
    // Of one of them handlers had nothing.
    expect(missing.map(({ collection, rkey }) => `${collection}/${rkey}`)).toEqual(['a.b.one/a', 'a.b.two/a'])
    const found = await on.store.records.existing(again.id, [{ collectionId: two, rkey: 'a' }])
    expect([...found.values()].map(isUnknown)).toEqual([true])
  })

  test('the CIDs of known paths are found, of others not', async () => {
    const { row, one, two } = await filled()
    const existing = await on.store.records.existing(row.id, [
      { collectionId: one, rkey: 'a' },
      { collectionId: one, rkey: 'z' },
      { collectionId: two, rkey: 'a' },
    ])
    expect([...existing.keys()].sort()).toEqual([`${one}/a`, `${two}/a`].sort())
    expect([...(existing.get(`${two}/a`) ?? [])]).toEqual([...cid(3)])
  })

  test('are counted by repo and by collection', async () => {
    const { row } = await filled()
    expect(await on.store.records.count(row.id)).toBe(3)
    expect(await on.store.records.count()).toBeGreaterThanOrEqual(3)
    const counts = await on.store.records.countByCollection()
    expect(Object.keys(counts)).toEqual(expect.arrayContaining(['a.b.one', 'a.b.two']))
  })

  test('bytes of two columns come as one value, whatever they are', async () => {
    const { id } = await repo()
    const [a, b] = [Uint8Array.from({ length: 36 }, (_, i) => 255 - i), Uint8Array.of(0, 0xd8, 7)]
    await on.store.db.insertMany(PUT_RECORDS, [
      [id, 1, 'both', a, 1, b],
      [id, 1, 'one', a, 1, null],
    ])
    const rows = await on.store.db.all<{ record: Uint8Array | null }>(
      `select ${on.store.db.sql.joined('cid', 'body')} as record from lextap_record where repo_id = $1 order by rkey`,
      [id],
    )
    expect(rows.map(({ record }) => record && Uint8Array.from(record))).toEqual([
      Uint8Array.of(...a, ...b),
      null,
    ])
  })
})
