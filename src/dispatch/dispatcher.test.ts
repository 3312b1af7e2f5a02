import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import { closeBenches, del, on, openBench, put, unit } from '../../test/support/dispatching.ts'
import { index, LIKE, POST, posts, tables, texts } from '../../test/support/posts.ts'
import type { RecordEvent } from './event.ts'

afterAll(closeBenches)

describe.each(DIALECTS)('the dispatcher on $name', (dialect) => {
  test('P1: rows, record index and repo row become true together', async () => {
    await using bench = await openBench(dialect, [posts], { tables })
    const repo = await bench.repo()
    const data = new Uint8Array(36).fill(3)
    const patch = { rev: '3kb', data, state: 'active' as const }
    const outcome = await bench.dispatcher.submit(
      unit(repo, [put(POST, 'a', { text: 'one' }), put(POST, 'b', { text: 'two' })], {
        guard: { rev: null },
        patch,
      }),
    )
    expect(outcome).toBe('applied')
    expect(await texts(bench)).toEqual(['one', 'two'])
    expect(await index(bench, repo.id)).toEqual([`${POST}/a`, `${POST}/b`])
    expect(await bench.store.repos.get(repo.did)).toEqual({ ...repo, ...patch })
    bench.store.repos.forget(repo.did)
    expect(await bench.store.repos.get(repo.did)).toEqual({ ...repo, ...patch })
  })

  test('merged rows hold what was written, whatever the text', async () => {
    const words = ['', 'ä', '🦋'.repeat(80), 'x'.repeat(3000), 'a"b\\c', '{NULL}', 'NULL', null, '\t\n']
    const odd = on(POST, {
      async put({ rkey }, { rows }) {
        const word = words[Number(rkey)] ?? null
        await rows.word?.upsert({
          id: `${rkey} ${word}`,
          free: word,
          short: word?.slice(0, 200) ?? null,
          n: Number(rkey),
        })
      },
    })
    const table = 'create table word (id text primary key, free text, short varchar(200), n integer not null)'
    await using bench = await openBench(dialect, [odd], { tables: [table] })
    const repo = await bench.repo()
    const ops = words.map((_, i) => put(POST, `${i}`, {}))
    expect(await bench.dispatcher.submit(unit(repo, ops))).toBe('applied')
    const rows = await bench.store.db.all('select * from word order by n')
    expect(rows).toEqual(
      words.map((free, n) => ({ id: `${n} ${free}`, free, short: free?.slice(0, 200) ?? null, n })),
    )
  })

  test.each([[{ rev: '3kother' }], [{ run: 5 }], [{ state: 'active' as const }]])(
    'a unit whose guard %j does not hold leaves no trace',
    async (guard) => {
      await using bench = await openBench(dialect, [posts], { tables })
      const repo = await bench.repo()
      const ops = [put(POST, 'a', { text: 'one' }), put(POST, 'b', { text: 'throw' })]
      expect(await bench.dispatcher.submit(unit(repo, ops, { guard, patch: { rev: '3kb' } }))).toBe('stale')
      expect(await texts(bench)).toEqual([])
      expect(await index(bench, repo.id)).toEqual([])
      expect(await bench.store.deadLetters.list()).toEqual([])
      expect((await bench.store.repos.get(repo.did))?.rev).toBeNull()
    },
  )

  test('a unit of a repo that is gone is stale', async () => {
    await using bench = await openBench(dialect, [posts], { tables })
    const repo = await bench.repo()
    await bench.store.repos.remove(repo.id)
    expect(await bench.dispatcher.submit(unit(repo, [put(POST, 'a', {})]))).toBe('stale')
  })

  test('P3: units of one repo apply in the order they were submitted, each guarded by the one before', async () => {
    await using bench = await openBench(dialect, [posts], { tables })
    const repo = await bench.repo()
    const revs = Array.from({ length: 30 }, (_, n) => `3k${String(n).padStart(3, '0')}`)
    const outcomes = await Promise.all(
      revs.map((rev, n) =>
        bench.dispatcher.submit(
          unit(repo, [put(POST, 'a', { text: `${n}` }, n === 0 ? 'create' : 'update')], {
            rev,
            guard: { rev: revs[n - 1] ?? null },
            patch: { rev },
          }),
        ),
      ),
    )
    expect(new Set(outcomes)).toEqual(new Set(['applied']))
    expect(await texts(bench)).toEqual(['29'])
    expect((await bench.store.repos.get(repo.did))?.rev).toBe(revs[29])
  })

  test('the same commit submitted twice at once is applied once', async () => {
    await using bench = await openBench(dialect, [posts], { tables })
    const repo = await bench.repo()
    const commit = unit(repo, [put(POST, 'a', {})], { guard: { rev: null }, patch: { rev: '3kb' } })
    const outcomes = await Promise.all([bench.dispatcher.submit(commit), bench.dispatcher.submit(commit)])
    expect(outcomes).toEqual(['applied', 'stale'])
  })

  test('create, update and delete go to their own handlers, in op order', async () => {
    const seen: string[] = []
    const note = (name: string) => (event: RecordEvent) =>
      void seen.push(`${name} ${event.rkey} ${event.action}`)
    const handlers = { create: note('create'), update: note('update'), delete: note('delete') }
    await using bench = await openBench(dialect, [on(POST, handlers)], { tables })
    const repo = await bench.repo()
    const ops = [put(POST, 'a', {}), put(POST, 'b', {}, 'update'), del(POST, 'c'), put(POST, 'd', {})]
    await bench.dispatcher.submit(unit(repo, ops))
    expect(seen).toEqual(['create a create', 'update b update', 'delete c delete', 'create d create'])
  })

  test('an event says what happened, where and from where', async () => {
    const events: unknown[] = []
    await using bench = await openBench(
      dialect,
      [on(POST, { put: (e) => void events.push(e), delete: (e) => void events.push(e) })],
      { tables },
    )
    const repo = await bench.repo()
    const op = put(POST, 'a', {
      text: 'hi',
      ref: { $link: 'bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454' },
    })
    await bench.dispatcher.submit(unit(repo, [op], { rev: '3kx', source: 'backfill' }))
    await bench.dispatcher.submit(unit(repo, [del(POST, 'a')], { rev: '3ky' }))
    const at = { did: repo.did, uri: `at://${repo.did}/${POST}/a`, collection: POST, rkey: 'a' }
    expect(events).toEqual([
      {
        ...at,
        rev: '3kx',
        live: false,
        source: 'backfill',
        action: 'create',
        cid: expect.stringMatching(/^bafyrei/),
        record: {
          $type: POST,
          text: 'hi',
          ref: { $link: 'bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454' },
        },
      },
      { ...at, rev: '3ky', live: true, source: 'live', action: 'delete' },
    ])
  })

  test('all handlers of a collection run, in the order they were declared', async () => {
    const seen: string[] = []
    const named = (name: string) => ({ put: () => void seen.push(name) })
    const both = on('app.test.*', named('wild'), [POST, LIKE])
    await using bench = await openBench(dialect, [on(POST, named('first')), both, on(POST, named('last'))], {
      tables,
    })
    const repo = await bench.repo()
    await bench.dispatcher.submit(unit(repo, [put(POST, 'a', {}), put(LIKE, 'b', {})]))
    expect(seen).toEqual(['first', 'wild', 'last', 'wild'])
  })

  test('a collection without a handler is indexed, one that is not declared is not', async () => {
    await using bench = await openBench(dialect, [posts], { tables, collections: [POST, LIKE] })
    const repo = await bench.repo()
    await bench.dispatcher.submit(
      unit(repo, [put(LIKE, 'a', {}), put('app.test.other', 'b', {}), del('app.test.other', 'c')]),
    )
    expect(await index(bench, repo.id)).toEqual([`${LIKE}/a`])
  })

  test('bodies are kept for declared collections, or not at all', async () => {
    for (const keepBodies of [true, false]) {
      await using bench = await openBench(dialect, [posts], { tables, keepBodies })
      const repo = await bench.repo()
      const op = put(POST, 'a', { text: 'kept' })
      await bench.dispatcher.submit(unit(repo, [op]))
      const row = await bench.store.records.get(repo.id, POST, 'a')
      expect(row?.body === null ? null : [...(row?.body ?? [])]).toEqual(
        keepBodies ? [...(op.body ?? [])] : null,
      )
    }
  })

  describe('a diff', () => {
    const seen: string[] = []
    const noting = on(POST, {
      put: (e) => void seen.push(`${e.action} ${e.rkey}`),
      delete: (e) => void seen.push(`delete ${e.rkey}`),
    })

    test('F4, F6: new paths are created, changed ones updated, unchanged ones only marked', async () => {
      seen.length = 0
      await using bench = await openBench(dialect, [noting], { tables })
      const repo = await bench.repo()
      const before = ['a', 'b', 'c'].map((rkey) => put(POST, rkey, { text: rkey }))
      await bench.dispatcher.submit(unit(repo, before, { run: 1 }))
      seen.length = 0
      const now = [
        put(POST, 'a', { text: 'a' }),
        put(POST, 'b', { text: 'changed' }),
        put(POST, 'd', { text: 'd' }),
      ]
      await bench.dispatcher.submit(unit(repo, now, { run: 2, mode: 'diff', source: 'resync' }))
      expect(seen).toEqual(['update b', 'create d'])
      const missing = await bench.store.records.missing(repo.id, 2, 10)
      expect(missing.map((row) => row.rkey)).toEqual(['c'])
      expect((await bench.store.records.page(repo.id, null, 10)).map(({ rkey, run }) => [rkey, run])).toEqual(
        [
          ['a', 2],
          ['b', 2],
          ['c', 1],
          ['d', 2],
        ],
      )
    })

    test('sees what units before it in the same batch wrote', async () => {
      seen.length = 0
      await using bench = await openBench(dialect, [noting], { tables })
      const repo = await bench.repo()
      const [a, b] = [put(POST, 'a', { text: 'a' }), put(POST, 'b', { text: 'b' })]
      const { dispatcher } = bench
      await Promise.all([
        dispatcher.submit(unit(repo, [a, b], { source: 'resync' })),
        dispatcher.submit(unit(repo, [del(POST, 'b')], { source: 'resync' })),
        dispatcher.submit(unit(repo, [a, b], { source: 'resync', mode: 'diff', run: 3 })),
      ])
      expect(seen).toEqual(['create a', 'create b', 'delete b', 'create b'])
      expect((await bench.store.records.page(repo.id, null, 10)).map(({ rkey }) => rkey)).toEqual(['a', 'b'])
      expect(await bench.store.records.missing(repo.id, 3, 10)).toEqual([])
    })

    test('of a repo that is not as fresh as it was said to be applies all the same', async () => {
      await using bench = await openBench(dialect, [posts], { tables })
      const repo = await bench.repo()
      const old = put(POST, 'b', { text: 'old' })
      const chunk = { mode: 'diff', fresh: true, run: 1, source: 'backfill' } as const
      expect(await bench.dispatcher.submit(unit(repo, [old], chunk))).toBe('applied')
      const ops = [put(POST, 'a', { text: 'one' }), put(POST, 'b', { text: 'two' })]
      expect(await bench.dispatcher.submit(unit(repo, ops, { ...chunk, run: 2 }))).toBe('applied')
      expect(await texts(bench)).toEqual(['one', 'two'])
      expect(await index(bench, repo.id)).toEqual([`${POST}/a`, `${POST}/b`])
      expect(await bench.store.deadLetters.list()).toEqual([])
    })

    test('of a fresh repo needs no look-up and creates everything', async () => {
      seen.length = 0
      await using bench = await openBench(dialect, [noting], { tables })
      const repo = await bench.repo()
      const ops = [put(POST, 'a', {}), put(POST, 'b', {})]
      await bench.dispatcher.submit(
        unit(repo, ops, { mode: 'diff', fresh: true, run: 1, source: 'backfill' }),
      )
      expect(seen).toEqual(['create a', 'create b'])
    })
  })

  test('a unit settles its resync-buffer row', async () => {
    await using bench = await openBench(dialect, [posts], { tables })
    const repo = await bench.repo()
    await bench.store.buffer.push(repo.id, { seq: 1, rev: '3k', frame: new Uint8Array(3) })
    await bench.store.buffer.push(repo.id, { seq: 2, rev: '3l', frame: new Uint8Array(3) })
    const [first] = await bench.store.buffer.list(repo.id, 0, 9)
    await bench.dispatcher.submit(unit(repo, [], { bufferId: first?.id ?? 0 }))
    expect((await bench.store.buffer.list(repo.id, 0, 9)).map((row) => row.seq)).toEqual([2])
  })

  test('closing finishes what was submitted and refuses the rest', async () => {
    await using bench = await openBench(dialect, [posts], { tables })
    const repo = await bench.repo()
    const last = bench.dispatcher.submit(unit(repo, [put(POST, 'a', { text: 'last' })]))
    const closing = bench.dispatcher.close()
    await expect(bench.dispatcher.submit(unit(repo, []))).rejects.toMatchObject({
      code: 'stopping',
      retry: true,
    })
    await Promise.all([closing, bench.dispatcher.close()])
    expect(await last).toBe('applied')
    expect(await texts(bench)).toEqual(['last'])
  })

  test('a handler that is broken off because lextap stops is not a dead letter: its unit comes again', async () => {
    const { promise: started, resolve: begun } = Promise.withResolvers<void>()
    const waiting = on(POST, {
      async put({ uri }, { rows, signal }) {
        await rows.post?.upsert({ uri, text: 'half' })
        begun()
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
    })
    await using bench = await openBench(dialect, [waiting], { tables })
    const submitted = bench.dispatcher.submit(unit(await bench.repo(), [put(POST, 'a', {})]))
    submitted.catch(() => {})
    await started
    await bench.dispatcher.close({ graceMs: 1 })
    await expect(submitted).rejects.toMatchObject({ code: 'stopping' })
    expect(await texts(bench)).toEqual([])
    expect(await bench.store.deadLetters.list()).toEqual([])
  })
})
