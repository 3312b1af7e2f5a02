import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS, stopDatabases, type TestDatabase } from '../../../test/support/databases.ts'
import { listener } from '../../../test/support/observer.ts'
import { isUnknown } from '../kept.ts'
import { openStore, type Store } from '../open.ts'
import { DELETE_RECORDS, MARK_RECORDS, PUT_RECORDS } from '../records.ts'
import type { RepoRow } from '../repo-row.ts'

afterAll(stopDatabases)

let serial = 0
const newDid = () => `did:plc:test${serial++}`
const cid = (n: number) => new Uint8Array(36).fill(n)

describe.each(DIALECTS)('the store on $name', ({ fresh }) => {
  let database: TestDatabase
  let store: Store
  beforeAll(async () => {
    database = await fresh()
    store = await openStore(database.url, { observer: listener() })
  })
  afterAll(async () => {
    await store?.close()
    await database?.[Symbol.asyncDispose]()
  })

  const repo = async () => {
    const did = newDid()
    await store.repos.add([did])
    const row = await store.repos.get(did)
    if (row === null) throw new Error('the repo was not added')
    return row
  }

  describe('repos', () => {
    test('F1: a new repo starts pending, active in standing, with nothing known of it', async () => {
      const did = newDid()
      expect(await store.repos.add([did])).toBe(1)
      expect(await store.repos.get(did)).toEqual({
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

    test('adding what is there changes nothing and is not counted', async () => {
      const { did, id } = await repo()
      await store.repos.patch(id, { state: 'active', rev: 'a' })
      const other = newDid()
      expect(await store.repos.add([did, other, other])).toBe(1)
      expect(await store.repos.get(did)).toMatchObject({ id, state: 'active', rev: 'a' })
    })

    test('more repos than fit one statement can be added at once', async () => {
      const dids = Array.from({ length: 1234 }, newDid)
      expect(await store.repos.add(dids)).toBe(1234)
      expect(dids.every((did) => store.repos.mayTrack(did))).toBe(true)
      expect(await store.repos.get(dids[1233] ?? '')).toMatchObject({ state: 'pending' })
    })

    test('an unknown repo is null and most likely not tracked', async () => {
      expect(await store.repos.get('did:plc:nobody')).toBeNull()
      expect(store.repos.mayTrack('did:plc:nobody')).toBe(false)
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
      expect(await store.repos.patch(row.id, patch)).toBe(true)
      expect(await store.repos.get(row.did)).toEqual({ ...row, ...patch })
      expect(await store.repos.patch(row.id, { handle: null, retryAt: null, removal: null })).toBe(true)
      const expected = { ...row, ...patch, handle: null, retryAt: null, removal: null }
      expect(await store.repos.get(row.did)).toEqual(expected)
      store.repos.forget(row.did)
      expect(await store.repos.get(row.did)).toEqual(expected)
      expect(await store.repos.byId(row.id)).toEqual(expected)
    })

    test.each([
      [{ rev: null }, true],
      [{ rev: 'a' }, false],
      [{ run: 0, state: 'pending' as const }, true],
      [{ run: 1 }, false],
      [{ state: 'active' as const }, false],
    ])('a patch guarded by %j on a new repo is applied: %j', async (guard, applied) => {
      const { id, did } = await repo()
      expect(await store.repos.patch(id, { handle: 'x.example' }, guard)).toBe(applied)
      expect((await store.repos.get(did))?.handle).toBe(applied ? 'x.example' : null)
    })

    test('a patch of a repo that is gone is not applied', async () => {
      const { id } = await repo()
      await store.repos.remove(id)
      expect(await store.repos.patch(id, { handle: 'x' })).toBe(false)
    })

    test('removing a repo takes its records, buffer and dead letters along, and no others', async () => {
      const [gone, stays] = [await repo(), await repo()]
      await store.collections.intern(['a.b.c'])
      const id = store.collections.idOf('a.b.c') ?? 0
      for (const row of [gone, stays]) {
        await store.db.insertMany(PUT_RECORDS, [[row.id, id, 'r', cid(1), 0, null]])
        await store.buffer.push(row.id, { seq: 1, rev: 'a', frame: cid(1) })
        await store.transaction((tx) => store.deadLetters.add(tx, [letter(row)]))
      }
      expect(await store.repos.remove(gone.id)).toBe(true)
      expect(await store.repos.remove(gone.id)).toBe(false)
      expect(await store.repos.get(gone.did)).toBeNull()
      expect(await store.records.count(gone.id)).toBe(0)
      expect(await store.buffer.list(gone.id, 0, 9)).toEqual([])
      expect(await store.deadLetters.list({ did: gone.did })).toEqual([])
      expect(await store.records.count(stays.id)).toBe(1)
      expect(await store.buffer.list(stays.id, 0, 9)).toHaveLength(1)
      expect(await store.deadLetters.list({ did: stays.did })).toHaveLength(1)
    })

    test('adding a repo that is on its way out brings it back for a fetch', async () => {
      const { id, did } = await repo()
      await store.repos.patch(id, { state: 'active', removal: 'delete', retryAt: 99 })
      expect(await store.repos.add([did])).toBe(0)
      expect(await store.repos.get(did)).toMatchObject({
        removal: null,
        state: 'desynchronized',
        retryAt: null,
      })
    })

    test('a row read while it changes is not kept', async () => {
      const { id, did } = await repo()
      store.repos.forget(did)
      await Promise.all([
        store.repos.get(did),
        store.repos.patch(id, { handle: 'new.example' }),
        store.repos.get(did),
      ])
      expect((await store.repos.get(did))?.handle).toBe('new.example')
    })
  })

  describe('claims', () => {
    /** Leaves nothing to claim but what the test makes. */
    const settle = () => store.db.run("update lextap_repo set state = 'active' where state <> 'active'")

    test('a claimed repo is resyncing, its run has risen, and nobody can claim it again', async () => {
      await settle()
      const { did } = await repo()
      const [row, ...others] = await store.repos.claim({ limit: 10, now: 0 })
      expect(others).toEqual([])
      expect(row).toMatchObject({ did, state: 'resyncing', run: 1 })
      expect(await store.repos.get(did)).toEqual(row)
      expect(await store.repos.claim({ limit: 10, now: 0 })).toEqual([])
    })

    test('who was level before goes first, then new ones, then those that failed and are due', async () => {
      await settle()
      const rows = [await repo(), await repo(), await repo(), await repo()]
      const [failed, early, fresh, lost] = rows.map((row) => row.id) as [number, number, number, number]
      await store.repos.patch(failed, { state: 'error', retryAt: 1000 })
      await store.repos.patch(early, { state: 'error', retryAt: 1001 })
      await store.repos.patch(lost, { state: 'desynchronized' })
      const claim = async (limit: number) =>
        (await store.repos.claim({ limit, now: 1000 })).map((row) => row.id)
      expect(await claim(1)).toEqual([lost])
      expect(await claim(5)).toEqual([fresh, failed])
      expect(await claim(5)).toEqual([])
    })

    test('inactive accounts, repos on their way out and spaced resyncs are left alone', async () => {
      await settle()
      const rows = [await repo(), await repo(), await repo()]
      const [inactive, leaving, spaced] = rows.map((row) => row.id) as [number, number, number]
      await store.repos.patch(inactive, { standing: 'deactivated' })
      await store.repos.patch(leaving, { removal: 'delete' })
      await store.repos.patch(spaced, { state: 'desynchronized', retryAt: 50 })
      expect(await store.repos.claim({ limit: 9, now: 49 })).toEqual([])
      expect((await store.repos.claim({ limit: 9, now: 50 })).map((row) => row.id)).toEqual([spaced])
    })

    test('hosts to leave alone are skipped; a repo whose host is not known is not', async () => {
      await settle()
      const rows = [await repo(), await repo(), await repo()]
      const [slow, fine, unknown] = rows.map((row) => row.id) as [number, number, number]
      await store.repos.patch(slow, { pds: 'https://slow.example' })
      await store.repos.patch(fine, { pds: 'https://fine.example' })
      const claimed = await store.repos.claim({ limit: 9, now: 0, skipHosts: ['https://slow.example'] })
      expect(claimed.map((row) => row.id).sort()).toEqual([fine, unknown].sort())
    })

    test('accounts that nobody should look up now are skipped; who is known is not', async () => {
      await settle()
      const hosts = ['a.evil.example', 'EVIL.example%3A80', 'notevil.example', 'known.evil.example']
      const webs = hosts.map((host) => `did:web:${host}`)
      const [, , , known] = webs as [string, string, string, string]
      const plc = (await repo()).did
      await store.repos.add(webs)
      const row = await store.repos.get(known)
      await store.repos.patch(row?.id ?? 0, { pds: 'https://a.example', signingKey: 'did:key:z' })
      const claim = async (shared: boolean, web: 'all' | string[]) => {
        const rows = await store.repos.claim({ limit: 9, now: 0, skipUnknown: { shared, web } })
        await store.repos.interruptResyncing()
        return rows.map(({ did }) => did).sort()
      }
      expect(await claim(true, 'all')).toEqual([known])
      expect(await claim(false, 'all')).toEqual([plc, known].sort())
      expect(await claim(true, ['evil.example'])).toEqual([webs[2], known].sort())
      expect(await claim(false, ['evil.example'])).toEqual([plc, webs[2], known].sort())
      expect(await claim(false, [])).toEqual([plc, ...webs].sort())
    })

    test('after a restart whoever was being fetched starts over', async () => {
      await settle()
      const { did } = await repo()
      await store.repos.claim({ limit: 9, now: 0 })
      expect(await store.repos.interruptResyncing()).toBe(1)
      expect(await store.repos.get(did)).toMatchObject({ state: 'desynchronized', run: 1 })
      expect(await store.repos.claim({ limit: 9, now: 0 })).toMatchObject([{ did, run: 2 }])
    })

    test('discovery leaves alone who is on the way out or excluded; being added by name ends both', async () => {
      const [leaving, excluded] = [await repo(), `did:plc:excluded${Math.random()}`]
      await store.repos.patch(leaving.id, { state: 'active', removal: 'delete' })
      await store.excluded.add([excluded, leaving.did])
      await store.excluded.add([excluded])
      const fresh = `did:plc:found${Math.random()}`
      expect(await store.repos.add([leaving.did, excluded, fresh], { found: true })).toBe(1)
      expect(await store.repos.get(leaving.did)).toMatchObject({ state: 'active', removal: 'delete' })
      expect(await store.repos.get(excluded)).toBeNull()
      expect(await store.repos.get(fresh)).toMatchObject({ state: 'pending' })
      const listed = await store.excluded.list({ limit: 1000 })
      expect(listed).toContain(excluded)
      expect(await store.excluded.list({ after: excluded, limit: 1000 })).not.toContain(excluded)
      expect(await store.excluded.has(excluded)).toBe(true)
      expect(await store.repos.add([leaving.did, excluded])).toBe(1)
      expect(await store.repos.get(leaving.did)).toMatchObject({ state: 'desynchronized', removal: null })
      expect(await store.excluded.has(excluded)).toBe(false)
      expect(await store.excluded.has(leaving.did)).toBe(false)
    })

    test('a claim holds while it is renewed; it can be taken over when it ran out', async () => {
      await settle()
      const { did } = await repo()
      const [claimed] = await store.repos.claim({ limit: 9, now: 1000, leaseMs: 500 })
      const shared = store.dialect === 'postgres'
      expect(await store.repos.claim({ limit: 9, now: 1400 })).toEqual([])
      await store.repos.renew([claimed?.id ?? 0], 2000)
      expect(await store.repos.claim({ limit: 9, now: 1900 })).toEqual([])
      const [taken] = await store.repos.claim({ limit: 9, now: 2000 })
      expect(taken).toMatchObject({ did, run: 2, state: 'resyncing' })
      // Whoever lost it can write nothing more.
      expect(await store.repos.patch(taken?.id ?? 0, { error: 'late' }, { run: 1 })).toBe(false)
      expect(await store.repos.interruptResyncing(2100)).toBe(shared ? 0 : 1)
    })

    test('repos are listed by state, standing and removal, page by page', async () => {
      await settle()
      const rows = [await repo(), await repo(), await repo()]
      const ids = rows.map((row) => row.id)
      const first = await store.repos.list({ state: 'pending', limit: 2 })
      expect(first.map((row) => row.id)).toEqual(ids.slice(0, 2))
      const second = await store.repos.list({ state: 'pending', limit: 2, after: first[1]?.id ?? 0 })
      expect(second.map((row) => row.id)).toEqual(ids.slice(2))
      await store.repos.patch(ids[0] ?? 0, { standing: 'takendown' })
      expect((await store.repos.list({ standing: 'takendown', limit: 9 })).map((row) => row.id)).toEqual([
        ids[0],
      ])
      await store.repos.patch(ids[1] ?? 0, { removal: 'keep' })
      expect((await store.repos.list({ removal: true, limit: 9 })).map((row) => row.id)).toContain(ids[1])
      expect((await store.repos.list({ removal: true, limit: 9 })).map((row) => row.id)).not.toContain(ids[2])
      const counts = await store.repos.counts()
      expect(counts.states.pending).toBe(3)
      expect(counts.standings.takendown).toBe(1)
      expect(counts.total).toBe(Object.values(counts.states).reduce((a, b) => a + b))
    })
  })

  describe('records', () => {
    const filled = async () => {
      const row = await repo()
      await store.collections.intern(['a.b.one', 'a.b.two'])
      const [one, two] = ['a.b.one', 'a.b.two'].map((name) => store.collections.idOf(name) ?? 0) as [
        number,
        number,
      ]
      const rows = [
        [row.id, one, 'a', cid(1), 1, cid(9)],
        [row.id, one, 'b', cid(2), 1, null],
        [row.id, two, 'a', cid(3), 1, new Uint8Array(0)],
      ]
      await store.db.insertMany(PUT_RECORDS, rows)
      return { row, one, two }
    }

    test('are read back as they were written, in path order, page by page', async () => {
      const { row } = await filled()
      const all = await store.records.page(row.id, null, 10)
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
      const rest = await store.records.page(row.id, all[0] ?? null, 10)
      expect(rest.map(({ rkey }) => rkey)).toEqual(['b', 'a'])
      expect(await store.records.get(row.id, 'a.b.one', 'b')).toMatchObject({
        rkey: 'b',
        collection: 'a.b.one',
      })
      expect(await store.records.get(row.id, 'a.b.one', 'z')).toBeNull()
      expect(await store.records.get(row.id, 'never.seen.this', 'b')).toBeNull()
    })

    test('that are new can be loaded, and are read back as they were written', async () => {
      const row = await repo()
      await store.collections.intern(['a.b.one'])
      const id = store.collections.idOf('a.b.one') ?? 0
      const rkeys = ['', 'a', 'x'.repeat(200), 'ä🦋', 'ä🦋'.repeat(90)]
      const rows = rkeys.map((rkey, i) => [row.id, id, rkey, cid(i), i - 1, i === 0 ? null : cid(i * 3)])
      await store.transaction((tx) => tx.loadMany(PUT_RECORDS, rows))
      await store.transaction((tx) => tx.loadMany(PUT_RECORDS, []))
      const read = await store.records.page(row.id, null, 10)
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
      await store.db.insertMany(PUT_RECORDS, [[row.id, one, 'a', cid(5), 2, null]])
      await store.db.updateMany(MARK_RECORDS, [
        [row.id, one, 'b', 2],
        [row.id, two, 'nothing there', 2],
      ])
      await store.db.deleteMany(DELETE_RECORDS, [[row.id, two, 'a']])
      const rows = await store.records.page(row.id, null, 10)
      expect(rows.map(({ rkey, run, cid: [first] }) => [rkey, run, first])).toEqual([
        ['a', 2, 5],
        ['b', 2, 2],
      ])
    })

    test('F4: what a fetch did not see is found, page by page', async () => {
      const { row, one } = await filled()
      await store.db.updateMany(MARK_RECORDS, [[row.id, one, 'b', 2]])
      const missing = await store.records.missing(row.id, 2, 10)
      expect(missing.map(({ collection, rkey }) => [collection, rkey])).toEqual([
        ['a.b.one', 'a'],
        ['a.b.two', 'a'],
      ])
      expect(await store.records.missing(row.id, 2, 10, missing[0])).toEqual([missing[1]])
      expect(await store.records.missing(row.id, 2, 1)).toEqual([missing[0]])
    })

    test('whose rows were kept come back in the next life of their account, as unknown and unseen', async () => {
      const { row, two } = await filled()
      await store.transaction((tx) =>
        store.uncreated.add(tx, [{ repoId: row.id, collection: 'a.b.one', rkey: 'b' }]),
      )
      await store.transaction((tx) => store.kept.keep(tx, row.id, row.did))
      await store.repos.remove(row.id)
      await store.repos.add([row.did])
      const again = (await store.repos.get(row.did)) as RepoRow
      expect(await store.kept.adopt(again.id, row.did)).toBe(true)
      expect(await store.kept.adopt(again.id, row.did)).toBe(false)
      const missing = await store.records.missing(again.id, again.run, 10)
      // Of one of them handlers had nothing.
      expect(missing.map(({ collection, rkey }) => `${collection}/${rkey}`)).toEqual([
        'a.b.one/a',
        'a.b.two/a',
      ])
      const found = await store.records.existing(again.id, [{ collectionId: two, rkey: 'a' }])
      expect([...found.values()].map(isUnknown)).toEqual([true])
    })

    test('the CIDs of known paths are found, of others not', async () => {
      const { row, one, two } = await filled()
      const existing = await store.records.existing(row.id, [
        { collectionId: one, rkey: 'a' },
        { collectionId: one, rkey: 'z' },
        { collectionId: two, rkey: 'a' },
      ])
      expect([...existing.keys()].sort()).toEqual([`${one}/a`, `${two}/a`].sort())
      expect([...(existing.get(`${two}/a`) ?? [])]).toEqual([...cid(3)])
    })

    test('are counted by repo and by collection', async () => {
      const { row } = await filled()
      expect(await store.records.count(row.id)).toBe(3)
      expect(await store.records.count()).toBeGreaterThanOrEqual(3)
      const counts = await store.records.countByCollection()
      expect(Object.keys(counts)).toEqual(expect.arrayContaining(['a.b.one', 'a.b.two']))
    })
  })

  test('bytes of two columns come as one value, whatever they are', async () => {
    const { id } = await repo()
    const [a, b] = [Uint8Array.from({ length: 36 }, (_, i) => 255 - i), Uint8Array.of(0, 0xd8, 7)]
    await store.db.insertMany(PUT_RECORDS, [
      [id, 1, 'both', a, 1, b],
      [id, 1, 'one', a, 1, null],
    ])
    const rows = await store.db.all<{ record: Uint8Array | null }>(
      `select ${store.db.sql.joined('cid', 'body')} as record from lextap_record where repo_id = $1 order by rkey`,
      [id],
    )
    expect(rows.map(({ record }) => record && Uint8Array.from(record))).toEqual([
      Uint8Array.of(...a, ...b),
      null,
    ])
  })

  describe('the resync buffer', () => {
    test('gives frames back in order of arrival, page by page', async () => {
      const { id } = await repo()
      for (const n of [1, 2, 3]) {
        const pushed = await store.buffer.push(id, { seq: 2 ** 40 + n, rev: `3k${n}`, frame: cid(n) })
        expect(pushed).toBe('stored')
      }
      const [first, ...rest] = await store.buffer.list(id, 0, 10)
      expect(first).toMatchObject({ seq: 2 ** 40 + 1, rev: '3k1' })
      expect([...(first?.frame ?? [])]).toEqual([...cid(1)])
      expect(await store.buffer.list(id, first?.id ?? 0, 10)).toEqual(rest)
    })

    test('F5: what the fetched repo contains is dropped, the rest stays', async () => {
      const { id } = await repo()
      for (const rev of ['3ka', '3kb', '3kc']) await store.buffer.push(id, { seq: 1, rev, frame: cid(1) })
      expect(await store.buffer.dropThrough(id, '3kb')).toBe(2)
      expect((await store.buffer.list(id, 0, 10)).map((row) => row.rev)).toEqual(['3kc'])
      expect(await store.buffer.clear(id)).toBe(1)
      expect(await store.buffer.list(id, 0, 10)).toEqual([])
    })

    test('counts what waits', async () => {
      const before = await store.buffer.counts()
      const { id } = await repo()
      await store.buffer.push(id, { seq: 1, rev: 'a', frame: cid(1) })
      await store.buffer.push(id, { seq: 2, rev: 'b', frame: cid(1) })
      const { repos, frames, bytes } = await store.buffer.counts()
      expect([repos - before.repos, frames - before.frames, bytes - before.bytes]).toEqual([1, 2, 72])
    })
  })

  describe('dead letters', () => {
    test('are read back as they were written, newest first', async () => {
      const row = await repo()
      const written = { ...letter(row), error: 'Error: a\n  at b "c" \\ {d}', issues: '[{"path":["a"]}]' }
      await store.transaction((tx) =>
        store.deadLetters.add(tx, [written, { ...letter(row), rkey: 'second' }]),
      )
      const [second, first] = await store.deadLetters.list({ did: row.did })
      expect(second?.rkey).toBe('second')
      expect(first).toMatchObject({
        uri: `at://${row.did}/a.b.c/r`,
        kind: 'handler',
        error: written.error,
        issues: written.issues,
        attempts: 1,
      })
      expect([...(first?.body ?? [])]).toEqual([...cid(4)])
      expect(Math.abs((first?.createdAt ?? 0) - Date.now())).toBeLessThan(60_000)
      expect(await store.deadLetters.get(first?.id ?? 0)).toEqual(first)
      expect(await store.deadLetters.list({ did: row.did, before: second?.id ?? 0 })).toEqual([first])
      expect(await store.deadLetters.list({ did: row.did, kind: 'invalid' })).toEqual([])
      expect(await store.deadLetters.list({ did: row.did, collection: 'a.b.c', limit: 1 })).toEqual([second])
    })

    test('one path has one letter, the newest failure, with the first time kept', async () => {
      const row = await repo()
      await store.transaction((tx) => store.deadLetters.add(tx, [letter(row)]))
      const [before] = await store.deadLetters.list({ did: row.did })
      const again = { ...letter(row), kind: 'invalid', rev: '3kz', attempts: 3 } as const
      await store.transaction((tx) => store.deadLetters.add(tx, [again]))
      expect(await store.deadLetters.list({ did: row.did })).toMatchObject([
        { id: before?.id, kind: 'invalid', rev: '3kz', attempts: 3, createdAt: before?.createdAt },
      ])
    })

    test('are superseded by path, and dropped one by one', async () => {
      const row = await repo()
      await store.transaction((tx) =>
        store.deadLetters.add(tx, [letter(row), { ...letter(row), rkey: 'other' }]),
      )
      const paths = await store.transaction((tx) => store.deadLetters.pathsOf(tx, [row.id]))
      expect([...paths.keys()].sort()).toEqual([`${row.id}/a.b.c/other`, `${row.id}/a.b.c/r`])
      const at = { repoId: row.id, collection: 'a.b.c' }
      await store.transaction((tx) =>
        store.deadLetters.supersede(tx, [
          { ...at, rkey: 'r' },
          { ...at, rkey: 'x' },
        ]),
      )
      const [left, ...none] = await store.deadLetters.list({ did: row.did })
      expect([left?.rkey, none]).toEqual(['other', []])
      expect(await store.deadLetters.drop(left?.id ?? 0)).toBe(true)
      expect(await store.deadLetters.drop(left?.id ?? 0)).toBe(false)
    })
  })

  describe('cursors and meta', () => {
    test('a cursor is what was set last, by source and kind', async () => {
      expect(await store.cursors.get('wss://a', 'x')).toBeNull()
      await store.cursors.set('wss://a', 'x', '1')
      await store.cursors.set('wss://a', 'x', '9007199254740991')
      await store.cursors.set('wss://a', 'y', '2')
      expect(await store.cursors.get('wss://a', 'x')).toBe('9007199254740991')
      expect(await store.cursors.get('wss://b', 'x')).toBeNull()
      await store.cursors.clear('wss://a', 'x')
      expect(await store.cursors.get('wss://a', 'x')).toBeNull()
      expect(await store.cursors.list()).toMatchObject([{ source: 'wss://a', kind: 'y', value: '2' }])
    })

    test('meta holds text by key', async () => {
      await store.meta.set('lexicons', 'abc')
      await store.meta.set('lexicons', 'def')
      expect(await store.meta.get('lexicons')).toBe('def')
      await store.meta.delete('lexicons')
      expect(await store.meta.get('lexicons')).toBeNull()
    })
  })

  describe('transactions', () => {
    test('what a transaction wrote is gone when it throws', async () => {
      const failed = store.transaction(async (tx) => {
        await tx.run("insert into lextap_meta (key, value) values ('gone', '1')")
        throw new Error('no')
      })
      await expect(failed).rejects.toThrow('no')
      expect(await store.meta.get('gone')).toBeNull()
    })

    test('a transaction in which a statement failed does not commit, though nobody said so', async () => {
      const hidden = store.transaction(async (tx) => {
        await tx.run("insert into lextap_meta (key, value) values ('hidden', '1')")
        await tx.run('insert into no_such_table values (1)').catch(() => {})
      })
      // SQLite undoes the statement alone; Postgres refuses to go on, and then the caller must hear of it.
      const outcome = await hidden.then(
        () => 'committed',
        () => 'refused',
      )
      expect((await store.meta.get('hidden')) === '1').toBe(outcome === 'committed')
    })

    test('a savepoint can be rolled back and the transaction goes on', async () => {
      await store.transaction(async (tx) => {
        await tx.run("insert into lextap_meta (key, value) values ('before', '1')")
        await tx.savepoint()
        await tx.run("insert into lextap_meta (key, value) values ('inside', '1')")
        await expect(tx.run('insert into no_such_table values (1)')).rejects.toThrow()
        await tx.rollbackToSavepoint()
        await tx.savepoint()
        await tx.run("insert into lextap_meta (key, value) values ('after', '1')")
        await tx.releaseSavepoint()
      })
      expect(await store.meta.get('before')).toBe('1')
      expect(await store.meta.get('inside')).toBeNull()
      expect(await store.meta.get('after')).toBe('1')
    })

    test('readers see what is committed, not what is being written', async () => {
      let seen: Promise<string | null> = Promise.resolve(null)
      await store.transaction(async (tx) => {
        await tx.run("insert into lextap_meta (key, value) values ('unseen', '1')")
        seen = store.meta.get('unseen')
        // Where the database has one connection the reader waits for its turn; elsewhere it answers now.
        if (store.dialect !== 'pglite') expect(await seen).toBeNull()
      })
      await seen
      expect(await store.meta.get('unseen')).toBe('1')
    })

    test('many things at once get their turn', async () => {
      const work = Array.from({ length: 50 }, (_, n) =>
        n % 2 === 0
          ? store.meta.set(`turn-${n}`, String(n))
          : store.transaction(async (tx) => {
              await tx.run('insert into lextap_meta (key, value) values ($1, $2)', [`turn-${n}`, String(n)])
            }),
      )
      await Promise.all(work)
      const rows = await store.db.all<{ n: number }>(
        "select count(*) as n from lextap_meta where key like 'turn-%'",
      )
      expect(rows[0]?.n).toBe(50)
    })
  })

  test('closing twice is fine', async () => {
    await using own = await fresh()
    const second = await openStore(own.url, { observer: listener() })
    await Promise.all([second.close(), second.close()])
    await second.close()
  })
})

const letter = (row: { id: number; did: string }) => ({
  repoId: row.id,
  did: row.did,
  collection: 'a.b.c',
  rkey: 'r',
  rev: '3ka',
  action: 'create' as const,
  cid: cid(1),
  body: cid(4),
  kind: 'handler' as const,
  error: 'Error: no',
  issues: null,
  attempts: 1,
})
