import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import { closeBenches, del, openBench, put, unit } from '../../test/support/dispatching.ts'
import { POST, posts, tables, texts } from '../../test/support/posts.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'

afterAll(closeBenches)

describe.each(DIALECTS)('identity and account changes on $name', (dialect) => {
  const account = { active: false, status: 'deactivated', from: 'active' }

  test('D6: go to their handlers in the transaction that changes the repo row', async () => {
    const seen: unknown[] = []
    const definitions = [
      {
        kind: 'identity' as const,
        handle: async (
          event: unknown,
          ctx: { rows: Record<string, { insert(v: object): Promise<void> }> },
        ) => {
          seen.push(event)
          await ctx.rows.seen?.insert({ id: 'identity' })
        },
      },
      { kind: 'account' as const, handle: (event: unknown) => void seen.push(event) },
      posts,
    ]
    await using bench = await openBench(dialect, definitions as never, { tables })
    const repo = await bench.repo()
    const identity = {
      did: repo.did,
      handle: 'b.example',
      pds: null,
      signingKey: null,
      changed: { handle: { from: null, to: 'b.example' } },
    }
    await bench.dispatcher.submit(unit(repo, [], { identity, patch: { handle: 'b.example' } }))
    await bench.dispatcher.submit(
      unit(repo, [], { account: { did: repo.did, ...account }, patch: { standing: 'deactivated' } }),
    )
    expect(seen).toEqual([identity, { did: repo.did, ...account }])
    expect(await bench.rows('seen')).toEqual([{ id: 'identity' }])
    expect(await bench.store.repos.get(repo.did)).toMatchObject({
      handle: 'b.example',
      standing: 'deactivated',
    })
  })

  test('that a handler cannot take are dead letters which can be retried', async () => {
    let fixed = false
    const seen: unknown[] = []
    const handle = (event: unknown) => {
      if (!fixed) throw new Error('no')
      seen.push(event)
    }
    await using bench = await openBench(dialect, [{ kind: 'account', handle }, posts], { tables })
    const repo = await bench.repo()
    const event = { did: repo.did, ...account }
    await bench.dispatcher.submit(unit(repo, [], { account: event, patch: { standing: 'deactivated' } }))
    expect((await bench.store.repos.get(repo.did))?.standing).toBe('deactivated')
    const [letter] = await bench.store.deadLetters.list()
    expect(letter).toMatchObject({ action: 'account', kind: 'handler', uri: `at://${repo.did}` })
    fixed = true
    expect(await bench.dispatcher.retryDeadLetter(letter?.id ?? 0)).toBe('applied')
    expect(seen).toEqual([event])
    expect(await bench.store.deadLetters.list()).toEqual([])
  })

  describe('tried again later', () => {
    const bench = async () => {
      const state = { fixed: false }
      const seen: unknown[] = []
      const handle = (event: unknown) => {
        if (!state.fixed) throw new Error('no')
        seen.push(event)
      }
      const kinds = (['account', 'identity'] as const).map((kind) => ({ kind, handle }))
      const opened = await openBench(dialect, [...kinds, posts], { tables })
      return { bench: opened, seen, state, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() }
    }
    const only = async (store: Store) => (await store.deadLetters.list())[0]?.id ?? 0

    test('tell what is true now, not what was true then', async () => {
      await using opened = await bench()
      const { seen, state } = opened
      const { dispatcher, store, repo } = opened.bench
      const { did, id } = await repo()
      await store.repos.patch(id, { standing: 'deactivated', handle: 'new.example', pds: 'https://b' })
      const identity = { did, handle: 'old.example', pds: 'https://a', signingKey: 'did:key:z' }
      const changed = {
        handle: { from: null, to: 'old.example' },
        pds: { from: 'https://b', to: 'https://a' },
      }
      const row = (await store.repos.get(did)) as RepoRow
      await dispatcher.submit(unit(row, [], { identity: { ...identity, changed } }))
      state.fixed = true
      expect(await dispatcher.retryDeadLetter(await only(store))).toBe('applied')
      const now = { ...identity, handle: 'new.example', pds: 'https://b' }
      expect(seen).toEqual([{ ...now, changed: { handle: { from: null, to: 'new.example' } } }])

      state.fixed = false
      const away = { did, active: false, status: 'takendown', from: 'active' }
      await dispatcher.submit(unit(row, [], { account: away }))
      state.fixed = true
      expect(await dispatcher.retryDeadLetter(await only(store))).toBe('applied')
      expect(seen.at(-1)).toEqual({ did, active: false, status: 'deactivated', from: 'active' })
    })

    test('are superseded when they came to nothing, or when the account was added anew', async () => {
      await using opened = await bench()
      const { seen, state } = opened
      const { dispatcher, store, repo } = opened.bench
      const row = await repo()
      const { did } = row
      const away = { did, active: false, status: 'takendown', from: 'active' }
      await dispatcher.submit(unit(row, [], { account: away }))
      state.fixed = true
      expect(await dispatcher.retryDeadLetter(await only(store))).toBe('superseded')

      state.fixed = false
      const gone = { did, active: false, status: 'deleted', from: 'active' }
      await dispatcher.submit(unit(row, [], { account: gone, patch: { standing: 'deleted' } }))
      await dispatcher.submit(unit(row, [], { removeRepo: true }))
      const letter = await only(store)
      await store.repos.add([did])
      const again = (await store.repos.get(did)) as RepoRow
      await store.repos.patch(again.id, { standing: 'suspended' })
      state.fixed = true
      expect(await dispatcher.retryDeadLetter(letter)).toBe('superseded')
      expect(seen).toEqual([])
      expect(await store.deadLetters.list()).toEqual([])
    })

    test('that nobody handled are told with the next one', async () => {
      await using opened = await bench()
      const { seen, state } = opened
      const { dispatcher, store, repo } = opened.bench
      const row = await repo()
      const first = { did: row.did, handle: 'a.example', pds: 'https://b', signingKey: null }
      const pds = { from: 'https://a', to: 'https://b' }
      await dispatcher.submit(unit(row, [], { identity: { ...first, changed: { pds } } }))
      state.fixed = true
      const second = { ...first, handle: 'b.example' }
      const handle = { from: 'a.example', to: 'b.example' }
      await dispatcher.submit(unit(row, [], { identity: { ...second, changed: { handle } } }))
      expect(seen).toEqual([{ ...second, changed: { handle, pds } }])
      expect(await store.deadLetters.list()).toEqual([])
    })
  })

  test('E4: removing a repo takes its row, buffer and dead letters along', async () => {
    await using bench = await openBench(dialect, [posts], { tables })
    const repo = await bench.repo()
    await bench.dispatcher.submit(unit(repo, [put(POST, 'a', { text: 'throw' }), put(POST, 'b', {})]))
    await bench.store.buffer.push(repo.id, { seq: 1, rev: '3k', frame: new Uint8Array(3) })
    expect(await bench.dispatcher.submit(unit(repo, [del(POST, 'b')], { removeRepo: true }))).toBe('applied')
    expect(await bench.store.repos.get(repo.did)).toBeNull()
    expect(await bench.store.records.count(repo.id)).toBe(0)
    expect(await bench.store.deadLetters.list()).toEqual([])
    expect(await bench.store.buffer.list(repo.id, 0, 9)).toEqual([])
    expect(await texts(bench)).toEqual([])
    expect(await bench.dispatcher.submit(unit(repo, [put(POST, 'c', {})]))).toBe('stale')
  })
})
