import { expect, test } from 'vitest'
import { cid, letter, newDid, onEachStore } from '../../../test/support/store-exercise.ts'
import { PUT_RECORDS } from '../records.ts'

onEachStore('repos', (on) => {
  const { repo } = on
  test('F1: a new repo starts pending, active in standing, with nothing known of it', async () => {
    const did = newDid()
    expect(await on.store.repos.add([did])).toBe(1)
    expect(await on.store.repos.get(did)).toEqual({
      id: expect.any(Number),
      did,
      state: 'pending',
      standing: 'active',
      handle: null,
      pds: null,
      signingKey: null,
      rev: null,
      data: null,
      run: 0,
      error: null,
      retryCount: 0,
      retryAt: null,
      removal: null,
      accountSeq: null,
      identifiedAt: null,
    })
  })

  test('are read many at once: cached ones, others, and none of whom is not tracked', async () => {
    const [cached, read] = [await repo(), await repo()]
    await on.store.repos.patch(cached.id, { handle: 'a.example' })
    const rows = await on.store.repos.among([cached.did, newDid(), read.did])
    expect([...rows.keys()].sort()).toEqual([cached.did, read.did].sort())
    expect(rows.get(cached.did)?.handle).toBe('a.example')
    expect(rows.get(read.did)).toEqual(read)
    expect((await on.store.repos.among([])).size).toBe(0)
  })

  test('adding what is there changes nothing and is not counted', async () => {
    const { did, id } = await repo()
    await on.store.repos.patch(id, { state: 'active', rev: 'a' })
    const other = newDid()
    expect(await on.store.repos.add([did, other, other])).toBe(1)
    expect(await on.store.repos.get(did)).toMatchObject({ id, state: 'active', rev: 'a' })
  })

  test('more repos than fit one statement can be added at once', async () => {
    const dids = Array.from({ length: 1234 }, newDid)
    expect(await on.store.repos.add(dids)).toBe(1234)
    expect(dids.every((did) => on.store.repos.mayTrack(did))).toBe(true)
    expect(await on.store.repos.get(dids[1233] ?? '')).toMatchObject({ state: 'pending' })
  })

  test('an unknown repo is null and most likely not tracked', async () => {
    expect(await on.store.repos.get('did:plc:nobody')).toBeNull()
    expect(on.store.repos.mayTrack('did:plc:nobody')).toBe(false)
  })

  test('a patch changes what it names and nothing else, null included', async () => {
    const row = await repo()
    const patch = {
      state: 'error',
      standing: 'suspended',
      handle: 'a.example',
      pds: 'https://pds.example',
      signingKey: 'did:key:z',
      rev: '3kaaaaaaaaaa2',
      data: cid(7),
      error: 'häßlich "quoted" \\ {a,b}',
      retryCount: 3,
      retryAt: 1_790_000_000_123,
      removal: 'keep',
    } as const
    expect(await on.store.repos.patch(row.id, patch)).toBe(true)
    expect(await on.store.repos.get(row.did)).toEqual({ ...row, ...patch })
    expect(await on.store.repos.patch(row.id, { handle: null, retryAt: null, removal: null })).toBe(true)
    const expected = { ...row, ...patch, handle: null, retryAt: null, removal: null }
    expect(await on.store.repos.get(row.did)).toEqual(expected)
    on.store.repos.forget(row.did)
    expect(await on.store.repos.get(row.did)).toEqual(expected)
    expect(await on.store.repos.byId(row.id)).toEqual(expected)
  })

  test.each([
    [{ rev: null }, true],
    [{ rev: 'a' }, false],
    [{ run: 0, state: 'pending' as const }, true],
    [{ run: 1 }, false],
    [{ state: 'active' as const }, false],
  ])('a patch guarded by %j on a new repo is applied: %j', async (guard, applied) => {
    const { id, did } = await repo()
    expect(await on.store.repos.patch(id, { handle: 'x.example' }, guard)).toBe(applied)
    expect((await on.store.repos.get(did))?.handle).toBe(applied ? 'x.example' : null)
  })

  test('a patch of a repo that is gone is not applied', async () => {
    const { id } = await repo()
    await on.store.repos.remove(id)
    expect(await on.store.repos.patch(id, { handle: 'x' })).toBe(false)
  })

  test('removing a repo takes its records, buffer and dead letters along, and no others', async () => {
    const [gone, stays] = [await repo(), await repo()]
    await on.store.collections.intern(['a.b.c'])
    const id = on.store.collections.idOf('a.b.c') ?? 0
    for (const row of [gone, stays]) {
      await on.store.db.insertMany(PUT_RECORDS, [[row.id, id, 'r', cid(1), 0, null]])
      await on.store.buffer.push(row.id, { seq: 1, rev: 'a', frame: cid(1) })
      await on.store.transaction((tx) => on.store.deadLetters.add(tx, [letter(row)]))
    }
    expect(await on.store.repos.remove(gone.id)).toBe(true)
    expect(await on.store.repos.remove(gone.id)).toBe(false)
    expect(await on.store.repos.get(gone.did)).toBeNull()
    expect(await on.store.records.count(gone.id)).toBe(0)
    expect(await on.store.buffer.list(gone.id, 0, 9)).toEqual([])
    expect(await on.store.deadLetters.list({ did: gone.did })).toEqual([])
    expect(await on.store.records.count(stays.id)).toBe(1)
    expect(await on.store.buffer.list(stays.id, 0, 9)).toHaveLength(1)
    expect(await on.store.deadLetters.list({ did: stays.did })).toHaveLength(1)
  })

  test('adding a repo that is on its way out brings it back for a fetch', async () => {
    const { id, did } = await repo()
    await on.store.repos.patch(id, { state: 'active', removal: 'delete', retryAt: 99 })
    expect(await on.store.repos.add([did])).toBe(0)
    expect(await on.store.repos.get(did)).toMatchObject({
      removal: null,
      state: 'desynchronized',
      retryAt: null,
    })
  })

  test('a row read while it changes is not kept', async () => {
    const { id, did } = await repo()
    on.store.repos.forget(did)
    await Promise.all([
      on.store.repos.get(did),
      on.store.repos.patch(id, { handle: 'new.example' }),
      on.store.repos.get(did),
    ])
    expect((await on.store.repos.get(did))?.handle).toBe('new.example')
  })
})
