import { expect, test } from 'vitest'

import { onEachStore } from '../../../test/support/store-exercise.ts'

onEachStore('claims', (on) => {
  const { repo } = on
  /** Leaves nothing to claim but what the test makes. */
  const settle = () => on.store.db.run("update lextap_repo set state = 'active' where state <> 'active'")

  test('a claimed repo is resyncing, its run has risen, and nobody can claim it again', async () => {
    await settle()
    const { did } = await repo()
    const [row, ...others] = await on.store.repos.claim({ limit: 10, now: 0 })
    expect(others).toEqual([])
    expect(row).toMatchObject({ did, state: 'resyncing', run: 1 })
    expect(await on.store.repos.get(did)).toEqual(row)
    expect(await on.store.repos.claim({ limit: 10, now: 0 })).toEqual([])
  })

  test('who was level before goes first, then new ones, then those that failed and are due', async () => {
    await settle()
    const rows = [await repo(), await repo(), await repo(), await repo()]
    const [failed, early, fresh, lost] = rows.map((row) => row.id) as [number, number, number, number]
    await on.store.repos.patch(failed, { state: 'error', retryAt: 1000 })
    await on.store.repos.patch(early, { state: 'error', retryAt: 1001 })
    await on.store.repos.patch(lost, { state: 'desynchronized' })
    const claim = async (limit: number) =>
      (await on.store.repos.claim({ limit, now: 1000 })).map((row) => row.id)
    expect(await claim(1)).toEqual([lost])
    expect(await claim(5)).toEqual([fresh, failed])
    expect(await claim(5)).toEqual([])
  })

  test('inactive accounts, repos on their way out and spaced resyncs are left alone', async () => {
    await settle()
    const rows = [await repo(), await repo(), await repo()]
    const [inactive, leaving, spaced] = rows.map((row) => row.id) as [number, number, number]
    await on.store.repos.patch(inactive, { standing: 'deactivated' })
    await on.store.repos.patch(leaving, { removal: 'delete' })
    await on.store.repos.patch(spaced, { state: 'desynchronized', retryAt: 50 })
    expect(await on.store.repos.claim({ limit: 9, now: 49 })).toEqual([])
    expect((await on.store.repos.claim({ limit: 9, now: 50 })).map((row) => row.id)).toEqual([spaced])
  })

  test('hosts to leave alone are skipped; a repo whose host is not known is not', async () => {
    await settle()
    const rows = [await repo(), await repo(), await repo()]
    const [slow, fine, unknown] = rows.map((row) => row.id) as [number, number, number]
    await on.store.repos.patch(slow, { pds: 'https://slow.example' })
    await on.store.repos.patch(fine, { pds: 'https://fine.example' })
    const claimed = await on.store.repos.claim({ limit: 9, now: 0, skipHosts: ['https://slow.example'] })
    expect(claimed.map((row) => row.id).sort()).toEqual([fine, unknown].sort())
  })

  test('accounts that nobody should look up now are skipped; who is known is not', async () => {
    await settle()
    const hosts = ['a.evil.example', 'EVIL.example%3A80', 'notevil.example', 'known.evil.example']
    const webs = hosts.map((host) => `did:web:${host}`)
    const [, , , known] = webs as [string, string, string, string]
    const plc = (await repo()).did
    await on.store.repos.add(webs)
    const row = await on.store.repos.get(known)
    await on.store.repos.patch(row?.id ?? 0, { pds: 'https://a.example', signingKey: 'did:key:z' })
    const claim = async (shared: boolean, web: 'all' | string[]) => {
      const rows = await on.store.repos.claim({ limit: 9, now: 0, skipUnknown: { shared, web } })
      await on.store.repos.interruptResyncing()
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
    await on.store.repos.claim({ limit: 9, now: 0 })
    expect(await on.store.repos.interruptResyncing()).toBe(1)
    expect(await on.store.repos.get(did)).toMatchObject({ state: 'desynchronized', run: 1 })
    expect(await on.store.repos.claim({ limit: 9, now: 0 })).toMatchObject([{ did, run: 2 }])
  })

  test('discovery leaves alone who is on the way out or excluded; being added by name ends both', async () => {
    const [leaving, excluded] = [await repo(), `did:plc:excluded${Math.random()}`]
    await on.store.repos.patch(leaving.id, { state: 'active', removal: 'delete' })
    await on.store.excluded.add([excluded, leaving.did])
    await on.store.excluded.add([excluded])
    const fresh = `did:plc:found${Math.random()}`
    expect(await on.store.repos.add([leaving.did, excluded, fresh], { found: true })).toBe(1)
    expect(await on.store.repos.get(leaving.did)).toMatchObject({ state: 'active', removal: 'delete' })
    expect(await on.store.repos.get(excluded)).toBeNull()
    expect(await on.store.repos.get(fresh)).toMatchObject({ state: 'pending' })
    const listed = await on.store.excluded.list({ limit: 1000 })
    expect(listed).toContain(excluded)
    expect(await on.store.excluded.list({ after: excluded, limit: 1000 })).not.toContain(excluded)
    expect(await on.store.excluded.has(excluded)).toBe(true)
    expect(await on.store.repos.add([leaving.did, excluded])).toBe(1)
    expect(await on.store.repos.get(leaving.did)).toMatchObject({ state: 'desynchronized', removal: null })
    expect(await on.store.excluded.has(excluded)).toBe(false)
    expect(await on.store.excluded.has(leaving.did)).toBe(false)
  })

  test('a claim holds while it is renewed; it can be taken over when it ran out', async () => {
    await settle()
    const { did } = await repo()
    const [claimed] = await on.store.repos.claim({ limit: 9, now: 1000, leaseMs: 500 })
    const shared = on.store.dialect === 'postgres'
    expect(await on.store.repos.claim({ limit: 9, now: 1400 })).toEqual([])
    await on.store.repos.renew([claimed?.id ?? 0], 2000)
    expect(await on.store.repos.claim({ limit: 9, now: 1900 })).toEqual([])
    const [taken] = await on.store.repos.claim({ limit: 9, now: 2000 })
    expect(taken).toMatchObject({ did, run: 2, state: 'resyncing' })
    // Whoever lost it can write nothing more.
    expect(await on.store.repos.patch(taken?.id ?? 0, { error: 'late' }, { run: 1 })).toBe(false)
    expect(await on.store.repos.interruptResyncing(2100)).toBe(shared ? 0 : 1)
  })

  test('repos are listed by state, standing and removal, page by page', async () => {
    await settle()
    const rows = [await repo(), await repo(), await repo()]
    const ids = rows.map((row) => row.id)
    const first = await on.store.repos.list({ state: 'pending', limit: 2 })
    expect(first.map((row) => row.id)).toEqual(ids.slice(0, 2))
    const second = await on.store.repos.list({ state: 'pending', limit: 2, after: first[1]?.id ?? 0 })
    expect(second.map((row) => row.id)).toEqual(ids.slice(2))
    await on.store.repos.patch(ids[0] ?? 0, { standing: 'takendown' })
    expect((await on.store.repos.list({ standing: 'takendown', limit: 9 })).map((row) => row.id)).toEqual([
      ids[0],
    ])
    await on.store.repos.patch(ids[1] ?? 0, { removal: 'keep' })
    expect((await on.store.repos.list({ removal: true, limit: 9 })).map((row) => row.id)).toContain(ids[1])
    expect((await on.store.repos.list({ removal: true, limit: 9 })).map((row) => row.id)).not.toContain(
      ids[2],
    )
    const counts = await on.store.repos.counts()
    expect(counts.states.pending).toBe(3)
    expect(counts.standings.takendown).toBe(1)
    expect(counts.total).toBe(Object.values(counts.states).reduce((a, b) => a + b))
  })
})
