import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import {
  type Bench,
  closeBenches,
  del,
  makeDispatcher,
  on,
  openBench,
  put,
  type TestHandlers,
  unit,
} from '../../test/support/dispatching.ts'
import { decode } from '../protocol/cbor.ts'
import { forgetCollection } from '../store/refetch.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import type { RecordEvent } from './event.ts'
import { RecordJob } from './job.ts'
import { Registry } from './registry.ts'
import { Routes } from './route.ts'

afterAll(closeBenches)

const POST = 'app.test.post'
const LIKE = 'app.test.like'
const tables = [
  'create table post (uri text primary key, text text, rev text)',
  'create table seen (id text)',
]

/** Writes each post to its table, through Kysely; texts starting with `throw` throw. */
const posts = on(POST, {
  async put({ uri, record, rev }, { tx }) {
    await tx
      .insertInto('post')
      .values({ uri, text: record.text, rev })
      .onConflict((c) => c.column('uri').doUpdateSet({ text: record.text, rev }))
      .execute()
    if (record.text.startsWith('throw')) throw new Error(record.text)
  },
  async delete({ uri }, { tx }) {
    await tx.deleteFrom('post').where('uri', '=', uri).execute()
  },
})

const texts = async (bench: Bench) => (await bench.rows('post')).map((row) => row.text).sort()
const index = async (bench: Bench, repoId: number) =>
  (await bench.store.records.page(repoId, null, 100)).map(({ collection, rkey }) => `${collection}/${rkey}`)

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

  describe('P6: an op that cannot be applied', () => {
    test('is not mistaken for the one that found out, even with one attempt only', async () => {
      const reading = on(POST, {
        async put({ uri, record }, { tx, rows }) {
          if (record.text === 'read') await tx.selectFrom('strict').selectAll().execute()
          await rows.strict?.insert({ uri, n: record.text === 'bad' ? null : 1 })
        },
      })
      const strict = 'create table strict (uri text primary key, n integer not null)'
      const handling = { attempts: 1, timeoutMs: 20_000 }
      await using bench = await openBench(dialect, [reading], { tables: [strict], handling })
      const ops = ['fine', 'bad', 'fine', 'read', 'fine'].map((text, i) => put(POST, `r${i}`, { text }))
      expect(await bench.dispatcher.submit(unit(await bench.repo(), ops))).toBe('applied')
      expect((await bench.store.deadLetters.list()).map(({ rkey }) => rkey)).toEqual(['r1'])
      expect(await bench.rows('strict')).toHaveLength(4)
    })

    test('becomes a dead letter; the rest of its commit, its index row and its neighbours commit', async () => {
      await using bench = await openBench(dialect, [posts], { tables })
      const [one, two] = [await bench.repo(), await bench.repo()]
      const bad = put(POST, 'b', { text: 'throw it' })
      const outcomes = await Promise.all([
        bench.dispatcher.submit(
          unit(one, [put(POST, 'a', { text: 'a' }), bad, put(POST, 'c', { text: 'c' })], {
            patch: { rev: '3kb' },
          }),
        ),
        bench.dispatcher.submit(unit(two, [put(POST, 'd', { text: 'd' })], { patch: { rev: '3kc' } })),
      ])
      expect(outcomes).toEqual(['applied', 'applied'])
      expect(await texts(bench)).toEqual(['a', 'c', 'd'])
      expect(await index(bench, one.id)).toEqual([`${POST}/a`, `${POST}/b`, `${POST}/c`])
      expect((await bench.store.repos.get(one.did))?.rev).toBe('3kb')
      const [letter, ...none] = await bench.store.deadLetters.list()
      expect(none).toEqual([])
      expect(letter).toMatchObject({
        did: one.did,
        uri: `at://${one.did}/${POST}/b`,
        action: 'create',
        kind: 'handler',
        rev: '3kaaaaaaaaaa2',
        attempts: 3,
        issues: null,
      })
      expect(letter?.error).toMatch(/^Error: throw it\n\s+at put/)
      expect(letter?.error).toMatch(
        /dispatcher\.test\.ts:\d+:\d+\n[\s\S]*> +\d+ \| .*throw new Error\(record\.text\)/,
      )
      expect([...(letter?.body ?? [])]).toEqual([...(bad.body ?? [])])
    })

    test('many of them leave everything else as if they had not been there', async () => {
      await using bench = await openBench(dialect, [posts], { tables })
      const repos = [await bench.repo(), await bench.repo(), await bench.repo()]
      await Promise.all(
        repos.map((repo, r) =>
          bench.dispatcher.submit(
            unit(
              repo,
              Array.from({ length: 40 }, (_, n) =>
                put(POST, `${n}`, { text: n % (3 + r) === 0 ? `throw ${r} ${n}` : `${r} ${n}` }),
              ),
            ),
          ),
        ),
      )
      const bad = repos.flatMap((_, r) =>
        Array.from({ length: 40 }, (__, n) => n).filter((n) => n % (3 + r) === 0),
      )
      expect(await bench.rows('post')).toHaveLength(120 - bad.length)
      expect((await bench.store.deadLetters.counts()).kinds.handler).toBe(bad.length)
      expect(await bench.store.records.count()).toBe(120)
    })

    test('is tried as often as configured, then given up', async () => {
      let calls = 0
      const failing = on(POST, {
        put() {
          calls++
          throw new Error('no')
        },
      })
      await using bench = await openBench(dialect, [failing], {
        tables,
        handling: { attempts: 5, timeoutMs: 1000 },
      })
      await bench.dispatcher.submit(unit(await bench.repo(), [put(POST, 'a', {})]))
      expect(calls).toBe(5)
      expect(await bench.store.deadLetters.list()).toMatchObject([{ attempts: 5 }])
    })

    test('that succeeds when it is tried again is no dead letter', async () => {
      let calls = 0
      const flaky = on(POST, {
        async put({ uri }, { rows }) {
          await rows.post?.upsert({ uri, text: `call ${++calls}` })
          if (calls < 3) throw new Error('not yet')
        },
      })
      await using bench = await openBench(dialect, [flaky], { tables })
      await bench.dispatcher.submit(unit(await bench.repo(), [put(POST, 'a', {})]))
      expect(await texts(bench)).toEqual(['call 3'])
      expect(await bench.store.deadLetters.list()).toEqual([])
    })

    test('because a row breaks a constraint, through tx or rows, is told from its neighbours', async () => {
      const inserting = on(POST, {
        async put({ rkey, record }, { rows, tx }) {
          const row = { uri: record.text, text: rkey }
          if (rkey.startsWith('tx')) await tx.insertInto('post').values(row).execute()
          else await rows.post?.insert(row)
        },
      })
      await using bench = await openBench(dialect, [inserting], { tables })
      const keys = ['tx1:a', 'tx2:b', 'rows1:a', 'rows2:c', 'tx3:b', 'rows3:c', 'tx4:d', 'rows4:e']
      const ops = keys.map((key) => put(POST, key.split(':')[0] ?? '', { text: key.split(':')[1] }))
      await bench.dispatcher.submit(unit(await bench.repo(), ops))
      expect(await texts(bench)).toEqual(['rows2', 'rows4', 'tx1', 'tx2', 'tx4'])
      const letters = await bench.store.deadLetters.list()
      expect(letters.map(({ rkey }) => rkey).sort()).toEqual(['rows1', 'rows3', 'tx3'])
      for (const { error } of letters) expect(error).toMatch(/unique/i)
    })

    test('and hides the failure of its row writer is found out all the same', async () => {
      const hiding = on(POST, {
        async put({ uri, record }, { rows }) {
          await rows.post?.insert({ uri: record.text, text: uri }).catch(() => {})
        },
      })
      await using bench = await openBench(dialect, [hiding], { tables })
      const ops = [
        put(POST, 'a', { text: 'x' }),
        put(POST, 'b', { text: 'x' }),
        put(POST, 'c', { text: 'y' }),
      ]
      await bench.dispatcher.submit(unit(await bench.repo(), ops))
      expect(await bench.rows('post')).toHaveLength(2)
      expect((await bench.store.deadLetters.list()).map(({ rkey }) => rkey)).toEqual(['b'])
    })

    test('throwing something that is no Error, or holds a NUL, is written down', async () => {
      const odd = on(POST, {
        put({ rkey }) {
          if (rkey === 'a') throw 'just text'
          if (rkey === 'b') throw { reason: 'object' }
          if (rkey === 'c') throw undefined
          throw new Error('nul \0 inside', { cause: new Error('the cause') })
        },
      })
      await using bench = await openBench(dialect, [odd], { tables })
      await bench.dispatcher.submit(
        unit(
          await bench.repo(),
          ['a', 'b', 'c', 'd'].map((rkey) => put(POST, rkey, {})),
        ),
      )
      const errors = Object.fromEntries(
        (await bench.store.deadLetters.list()).map(({ rkey, error }) => [rkey, error]),
      )
      expect(errors.a).toContain('just text')
      expect(errors.b).toContain('{"reason":"object"}')
      expect(errors.c).toContain('undefined')
      expect(errors.d).toContain('nul  inside')
      expect(errors.d).toContain('caused by:\nError: the cause')
    })

    test('by a constraint that only the commit checks does not stall the others', async () => {
      const deferred = [
        'create table parent (id text primary key)',
        'create table child (id text primary key, parent text references parent(id) deferrable initially deferred)',
      ]
      const family = on(POST, {
        async put({ rkey, record }, { rows }) {
          await rows.child?.insert({ id: rkey, parent: record.text })
          if (record.text !== 'nobody') await rows.parent?.upsert({ id: record.text })
        },
      })
      await using bench = await openBench(dialect, [family], { tables: deferred })
      const ops = ['p', 'nobody', 'q', 'p'].map((text, n) => put(POST, `r${n}`, { text }))
      expect(await bench.dispatcher.submit(unit(await bench.repo(), ops))).toBe('applied')
      expect((await bench.rows('child')).map((row) => row.id)).toEqual(['r0', 'r2', 'r3'])
      expect((await bench.store.deadLetters.list()).map(({ rkey }) => rkey)).toEqual(['r1'])
    })
  })

  describe('H3: an invalid record', () => {
    const long = 'x'.repeat(301)

    test('H4: is a dead letter with its issues; its CID is indexed and the repo goes on', async () => {
      await using bench = await openBench(dialect, [posts], { tables })
      const repo = await bench.repo()
      const bad = put(POST, 'a', { text: long })
      await bench.dispatcher.submit(
        unit(repo, [bad, put(POST, 'b', { text: 'fine' })], { patch: { rev: '3kb' } }),
      )
      expect(await texts(bench)).toEqual(['fine'])
      expect(await index(bench, repo.id)).toEqual([`${POST}/a`, `${POST}/b`])
      expect((await bench.store.repos.get(repo.did))?.rev).toBe('3kb')
      const [letter] = await bench.store.deadLetters.list()
      expect(letter).toMatchObject({ kind: 'invalid', error: 'text must be short', attempts: 1 })
      expect(JSON.parse(letter?.issues ?? '')).toMatchObject([{ path: ['text'], rule: 'maxLength' }])
      expect([...(letter?.body ?? [])]).toEqual([...(bad.body ?? [])])
    })

    test.each([
      ['dead-letter', { '*': 'dead-letter' }, 0, 1],
      ['deliver', { '*': 'deliver' }, 1, 0],
      ['skip', { '*': 'skip' }, 0, 0],
      [
        'the most specific pattern',
        { '*': 'skip', 'app.*': 'skip', 'app.test.*': 'skip', [POST]: 'deliver' },
        1,
        0,
      ],
      ['the longest wildcard', { '*': 'skip', 'app.test.*': 'dead-letter', 'app.*': 'deliver' }, 0, 1],
    ] as const)('is treated by policy: %s', async (_, invalid, delivered, letters) => {
      await using bench = await openBench(dialect, [posts], {
        tables,
        policy: { invalid, legacyBlobs: true },
      })
      const repo = await bench.repo()
      await bench.dispatcher.submit(unit(repo, [put(POST, 'a', { text: long })]))
      expect(await bench.rows('post')).toHaveLength(delivered)
      expect(await bench.store.deadLetters.list()).toHaveLength(letters)
      expect(await index(bench, repo.id)).toEqual([`${POST}/a`])
    })

    test('H2: is also one whose $type is another collection', async () => {
      await using bench = await openBench(dialect, [posts], { tables })
      const op = { ...put(LIKE, 'a', {}), collection: POST }
      await bench.dispatcher.submit(unit(await bench.repo(), [op]))
      expect(await bench.store.deadLetters.list()).toMatchObject([
        { kind: 'invalid', error: `$type must be ${POST}, not "${LIKE}"` },
      ])
    })

    test('H1: that cannot even be decoded is a dead letter whatever delivers', async () => {
      await using bench = await openBench(dialect, [posts], {
        tables,
        policy: { invalid: { '*': 'deliver' }, legacyBlobs: true },
      })
      const op = { ...put(POST, 'a', {}), body: new Uint8Array([0xfb, 1, 2]) }
      await bench.dispatcher.submit(unit(await bench.repo(), [op]))
      expect(await bench.store.deadLetters.list()).toMatchObject([{ kind: 'undecodable' }])
    })
  })

  describe('a dead letter', () => {
    let fixed = false
    const fixable = on(POST, {
      async put({ uri, record, source, action }, { rows }) {
        if (record.text === 'bad' && !fixed) throw new Error('not fixed yet')
        await rows.post?.upsert({ uri, text: `${record.text} ${source} ${action}` })
      },
      async delete({ uri, rkey }, { rows }) {
        if (rkey === 'bad' && !fixed) throw new Error('not fixed yet')
        await rows.post?.delete({ uri })
      },
    })
    const open = () => {
      fixed = false
      return openBench(dialect, [fixable], { tables })
    }

    test('is applied from its stored body when it is retried after the fix', async () => {
      await using bench = await open()
      const repo = await bench.repo()
      await bench.dispatcher.submit(unit(repo, [put(POST, 'a', { text: 'bad' })]))
      const [letter] = await bench.store.deadLetters.list()
      expect(await bench.dispatcher.retryDeadLetter(letter?.id ?? 0)).toBe('failed')
      expect(await bench.store.deadLetters.list()).toMatchObject([{ id: letter?.id, kind: 'handler' }])
      fixed = true
      expect(await bench.dispatcher.retryDeadLetter(letter?.id ?? 0)).toBe('applied')
      expect(await texts(bench)).toEqual(['bad replay create'])
      expect(await bench.store.deadLetters.list()).toEqual([])
      expect(await bench.dispatcher.retryDeadLetter(letter?.id ?? 0)).toBe('gone')
    })

    test('is applied once, however often it is retried at once', async () => {
      const state = { fixed: false, calls: 0 }
      const counted = on(POST, {
        put() {
          state.calls++
          if (!state.fixed) throw new Error('not fixed yet')
        },
      })
      const handling = { attempts: 1, timeoutMs: 30_000 }
      await using bench = await openBench(dialect, [counted], { tables, handling })
      await bench.dispatcher.submit(unit(await bench.repo(), [put(POST, 'a', {})]))
      const [letter] = await bench.store.deadLetters.list()
      const thrice = () => Promise.all([1, 2, 3].map(() => bench.dispatcher.retryDeadLetter(letter?.id ?? 0)))
      expect(await thrice()).toEqual(['failed', 'failed', 'failed'])
      expect(await bench.store.deadLetters.list()).toMatchObject([{ id: letter?.id }])
      Object.assign(state, { fixed: true, calls: 0 })
      expect((await thrice()).sort()).toEqual(['applied', 'gone', 'gone'])
      expect(state.calls).toBe(1)
    })

    // PGlite reads nothing beside a transaction, so a retry cannot wait for it there.
    const besides = dialect.name !== 'pglite'
    test.runIf(besides)(
      'that is retried behind a newer event of its path leaves the path to it',
      async () => {
        const started = Promise.withResolvers<void>()
        const hold = Promise.withResolvers<void>()
        const slow = on(LIKE, {
          put() {
            started.resolve()
            return hold.promise
          },
        })
        fixed = false
        await using bench = await openBench(dialect, [fixable, slow], { tables })
        const { dispatcher, store } = bench
        const repo = await bench.repo()
        await dispatcher.submit(
          unit(repo, [put(POST, 'a', { text: 'bad' }), put(POST, 'b', { text: 'bad' })]),
        )
        const ids = (await store.deadLetters.list()).map(({ id }) => id)
        // All of it is of one repo: what comes meanwhile is one batch.
        const first = dispatcher.submit(unit(repo, [put(LIKE, 'l', {})]))
        await started.promise
        const newer = [
          put(POST, 'a', { text: 'bad', n: 2 }, 'update'),
          put(POST, 'b', { text: 'good' }, 'update'),
        ]
        const second = dispatcher.submit(unit(repo, newer))
        const retries = ids.map((id) => dispatcher.retryDeadLetter(id))
        while (dispatcher.size < 3 + 1) await new Promise(setImmediate)
        hold.resolve()
        expect(await Promise.all([first, second, ...retries])).toEqual([
          ...['applied', 'applied'],
          ...['superseded', 'failed'],
        ])
        expect(await texts(bench)).toEqual(['good live create'])
        const [left, ...none] = await store.deadLetters.list()
        expect([left?.rkey, decode(left?.body ?? new Uint8Array()), none]).toMatchObject(['a', { n: 2 }, []])
      },
    )

    test('of a delete is applied when the record is still gone', async () => {
      await using bench = await open()
      const repo = await bench.repo()
      await bench.dispatcher.submit(unit(repo, [put(POST, 'bad', { text: 'x' })]))
      await bench.dispatcher.submit(unit(repo, [del(POST, 'bad')]))
      expect(await texts(bench)).toEqual(['x live create'])
      fixed = true
      const [letter] = await bench.store.deadLetters.list()
      expect(letter).toMatchObject({ action: 'delete', cid: null, body: null })
      expect(await bench.dispatcher.retryDeadLetter(letter?.id ?? 0)).toBe('applied')
      expect(await texts(bench)).toEqual([])
    })

    test('is dropped as superseded when another record has taken its place', async () => {
      await using bench = await open()
      const repo = await bench.repo()
      await bench.dispatcher.submit(unit(repo, [put(POST, 'a', { text: 'bad' })]))
      const [letter] = await bench.store.deadLetters.list()
      await bench.store.db.run('update lextap_record set cid = $1', [new Uint8Array(36).fill(1)])
      fixed = true
      expect(await bench.dispatcher.retryDeadLetter(letter?.id ?? 0)).toBe('superseded')
      expect(await texts(bench)).toEqual([])
      expect(await bench.store.deadLetters.list()).toEqual([])
    })

    test.each([
      ['update', put(POST, 'a', { text: 'good' }, 'update')],
      ['delete', del(POST, 'a')],
    ])('goes when a later %s of the same path is applied', async (_, later) => {
      await using bench = await open()
      const repo = await bench.repo()
      await bench.dispatcher.submit(
        unit(repo, [put(POST, 'a', { text: 'bad' }), put(POST, 'b', { text: 'bad' })]),
      )
      await bench.dispatcher.submit(unit(repo, [later]))
      expect((await bench.store.deadLetters.list()).map(({ rkey }) => rkey)).toEqual(['b'])
    })

    describe('for handlers that tell create from update', () => {
      // Rows are inserted once and updated where they are: an action too many fails or changes nothing.
      let bad: readonly string[] = []
      const fail = (text: string) => {
        if (bad.includes(text)) throw new Error(`cannot take ${text}`)
      }
      const strict = on(POST, {
        async create({ uri, record }, { rows }) {
          fail(record.text)
          await rows.post?.insert({ uri, text: record.text })
        },
        async update({ uri, record }, { tx }) {
          fail(record.text)
          await tx.updateTable('post').set({ text: record.text }).where('uri', '=', uri).execute()
        },
        async delete({ uri }, { rows }) {
          fail('delete')
          await rows.post?.delete({ uri })
        },
      })
      const start = async (policy: 'dead-letter' | 'skip' = 'dead-letter', handlers = strict) => {
        bad = ['bad']
        const invalid = { '*': policy }
        const bench = await openBench(dialect, [handlers], { tables, policy: { invalid, legacyBlobs: true } })
        const repo = await bench.repo()
        const submit = (op: ReturnType<typeof put>, rest: Parameters<typeof unit>[2] = {}) =>
          bench.dispatcher.submit(unit(repo, [op], rest))
        const letters = async () =>
          (await bench.store.deadLetters.list()).map(({ action, kind }) => `${action} ${kind}`)
        const retry = async () =>
          bench.dispatcher.retryDeadLetter((await bench.store.deadLetters.list())[0]?.id ?? 0)
        const uncreated = () => bench.store.db.all('select rkey from lextap_uncreated')
        return {
          bench,
          repo,
          submit,
          letters,
          retry,
          uncreated,
          [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
        }
      }
      const ways = [
        ['live', {}],
        ['in a resync', { mode: 'diff', run: 2, source: 'resync' }],
      ] as const
      const long = 'x'.repeat(301)

      test('delivers its own action when it is retried', async () => {
        await using t = await start()
        await t.submit(put(POST, 'a', { text: 'bad' }))
        expect(await t.retry()).toBe('failed')
        expect(await t.letters()).toEqual(['create handler'])
        bad = []
        expect(await t.retry()).toBe('applied')
        expect(await texts(t.bench)).toEqual(['bad'])
        expect(await t.letters()).toEqual([])
        expect(await t.uncreated()).toEqual([])
        bad = ['bad']
        await t.submit(put(POST, 'a', { text: 'bad' }, 'update'))
        expect(await texts(t.bench)).toEqual([])
        expect(await t.letters()).toEqual(['create handler'])
        bad = []
        await t.submit(put(POST, 'a', { text: 'next' }, 'update'))
        expect(await texts(t.bench)).toEqual(['next'])
        expect(await t.letters()).toEqual([])
      })

      test.each(ways)(
        'of an update takes back the version before; its retry is a create, %s',
        async (_, rest) => {
          await using t = await start()
          await t.submit(put(POST, 'a', { text: 'good' }))
          const failing = put(POST, 'a', { text: 'bad' }, 'update')
          await t.submit(failing, rest)
          expect(await texts(t.bench)).toEqual([])
          expect(await t.letters()).toEqual(['create handler'])
          expect(await t.uncreated()).toEqual([{ rkey: 'a' }])
          // Found again as it is, it stays as it is.
          await t.submit(failing, { mode: 'diff', run: 3, source: 'resync' })
          expect(await t.retry()).toBe('failed')
          expect(await t.letters()).toEqual(['create handler'])
          bad = []
          expect(await t.retry()).toBe('applied')
          expect(await texts(t.bench)).toEqual(['bad'])
          expect(await t.uncreated()).toEqual([])
        },
      )

      test.each(ways)('H3: an invalid update takes back the version before, %s', async (_, rest) => {
        await using t = await start()
        await t.submit(put(POST, 'a', { text: 'good' }))
        await t.submit(put(POST, 'a', { text: long }, 'update'), rest)
        expect(await texts(t.bench)).toEqual([])
        expect(await t.letters()).toEqual(['create invalid'])
        await t.submit(put(POST, 'a', { text: 'better' }, 'update'), rest)
        expect(await texts(t.bench)).toEqual(['better'])
        expect(await t.letters()).toEqual([])
        await t.submit(put(POST, 'a', { text: long }, 'update'), rest)
        bad = ['delete']
        await t.submit(del(POST, 'a'))
        expect(await t.letters()).toEqual([])
        expect(await t.uncreated()).toEqual([])
      })

      test('tells both when the version before cannot be taken back; that one stays', async () => {
        await using t = await start()
        await t.submit(put(POST, 'a', { text: 'good' }))
        await t.submit(put(POST, 'b', { text: 'good b' }))
        bad = ['bad', 'delete']
        await t.submit(put(POST, 'a', { text: 'bad' }, 'update'))
        await t.submit(put(POST, 'b', { text: long }, 'update'))
        expect(await texts(t.bench)).toEqual(['good', 'good b'])
        expect(await t.letters()).toEqual(['update invalid', 'update handler'])
        expect(await t.uncreated()).toEqual([])
        const [invalid, failed] = await t.bench.store.deadLetters.list()
        expect(failed?.error).toMatch(
          /cannot take bad[\s\S]*version before stays, since the delete handler failed: [\s\S]*cannot take delete/,
        )
        expect(invalid?.error).toMatch(
          /text must be short[\s\S]*delete handler failed: [\s\S]*cannot take delete/,
        )
        expect(failed?.attempts).toBe(3)
        bad = ['bad']
        expect(await t.bench.dispatcher.retryDeadLetter(failed?.id ?? 0)).toBe('failed')
        expect(await t.bench.dispatcher.retryDeadLetter(invalid?.id ?? 0)).toBe('failed')
        expect(await texts(t.bench)).toEqual([])
        expect((await t.letters()).sort()).toEqual(['create handler', 'create invalid'])
        await t.submit(put(POST, 'a', { text: 'better' }, 'update'))
        await t.submit(put(POST, 'b', { text: 'better b' }, 'update'))
        expect(await texts(t.bench)).toEqual(['better', 'better b'])
        expect(await t.letters()).toEqual([])
      })

      test('of a skipped version exists only while the one before cannot be taken back', async () => {
        await using t = await start('skip')
        await t.submit(put(POST, 'a', { text: 'good' }))
        bad = ['delete']
        await t.submit(put(POST, 'a', { text: long }, 'update'))
        expect(await texts(t.bench)).toEqual(['good'])
        expect(await t.letters()).toEqual(['update handler'])
        expect((await t.bench.store.deadLetters.list())[0]?.error).toMatch(
          /is skipped[\s\S]*cannot take delete/,
        )
        expect(await t.retry()).toBe('failed')
        bad = []
        expect(await t.retry()).toBe('applied')
        expect(await texts(t.bench)).toEqual([])
        expect(await t.letters()).toEqual([])
        await t.submit(put(POST, 'a', { text: 'better' }, 'update'))
        expect(await texts(t.bench)).toEqual(['better'])
      })

      test.each([false, true])(
        'of a replay takes back what is there; there is nothing where the tables were emptied (%s)',
        async (emptied) => {
          await using t = await start()
          const op = put(POST, 'a', { text: 'good' })
          await t.submit(op)
          if (emptied) await t.bench.store.db.run('delete from post')
          bad = emptied ? ['good', 'delete'] : ['good']
          const registry = new Registry([strict], { schemas: {}, collections: null })
          const routes = new Routes(registry, { invalid: {}, legacyBlobs: true })
          const origin = {
            repoId: t.repo.id,
            did: t.repo.did,
            rev: '3k2',
            source: 'replay',
            emptied,
          } as const
          const job = () => new RecordJob(origin, op, 'create', routes.of(POST))
          await t.bench.dispatcher.replay({ begin: async () => [job()], end: async () => {} })
          expect(await texts(t.bench)).toEqual([])
          expect(await t.letters()).toEqual(['create handler'])
          expect((await t.bench.store.deadLetters.list())[0]?.error).not.toContain('delete handler')
          expect(await t.uncreated()).toEqual([{ rkey: 'a' }])
          await t.submit(del(POST, 'a'))
          expect(await t.letters()).toEqual([])
          expect(await t.uncreated()).toEqual([])
        },
      )

      test('of an update leaves the version before to those who take no deletes', async () => {
        const { delete: _, ...rest } = (strict as { handlers: TestHandlers }).handlers
        await using t = await start('dead-letter', on(POST, rest as TestHandlers))
        await t.submit(put(POST, 'a', { text: 'good' }))
        await t.submit(put(POST, 'a', { text: 'bad' }, 'update'))
        expect(await texts(t.bench)).toEqual(['good'])
        expect(await t.letters()).toEqual(['update handler'])
        await t.submit(put(POST, 'a', { text: 'better' }, 'update'))
        expect(await texts(t.bench)).toEqual(['better'])
        expect(await t.letters()).toEqual([])
      })

      test('stays, and says so, when no handler takes its event', async () => {
        await using t = await start()
        await t.submit(put(POST, 'a', { text: 'bad' }))
        const others = makeDispatcher(t.bench.store, [on(POST, { delete: () => {} })], t.bench.observer, {})
        const [letter] = await t.bench.store.deadLetters.list()
        expect(await others.retryDeadLetter(letter?.id ?? 0)).toBe('unhandled')
        await others.close()
        expect(await t.letters()).toEqual(['create handler'])
      })

      test('stays, and says so, when the policy skips its record now', async () => {
        await using t = await start()
        await t.submit(put(POST, 'a', { text: long }))
        const policy = { invalid: { '*': 'skip' }, legacyBlobs: true } as const
        const others = makeDispatcher(t.bench.store, [strict], t.bench.observer, { policy })
        const [letter] = await t.bench.store.deadLetters.list()
        expect(await others.retryDeadLetter(letter?.id ?? 0)).toBe('skipped')
        await others.close()
        expect(await t.letters()).toEqual(['create invalid'])
      })

      test.each(ways)('of a create makes the next version a create, %s', async (_, rest) => {
        await using t = await start()
        await t.submit(put(POST, 'a', { text: 'bad' }))
        bad = ['bad', 'worse']
        await t.submit(put(POST, 'a', { text: 'worse' }, 'update'), rest)
        expect(await t.letters()).toEqual(['create handler'])
        await t.submit(put(POST, 'a', { text: 'good' }, 'update'), rest)
        expect(await texts(t.bench)).toEqual(['good'])
        expect(await t.letters()).toEqual([])
        await t.submit(put(POST, 'a', { text: 'better' }, 'update'), rest)
        expect(await texts(t.bench)).toEqual(['better'])
        expect(await t.letters()).toEqual([])
      })

      test.each(ways)('H3: of an invalid record makes the next version a create, %s', async (_, rest) => {
        await using t = await start()
        await t.submit(put(POST, 'a', { text: long }))
        await t.submit(put(POST, 'a', { text: 'good' }, 'update'), rest)
        expect(await texts(t.bench)).toEqual(['good'])
        expect(await t.letters()).toEqual([])
      })

      test.each(ways)(
        'H3: a skipped record is none for handlers: the next version is a create, %s',
        async (_, rest) => {
          await using t = await start('skip')
          const skipped = put(POST, 'a', { text: long })
          await t.submit(skipped)
          expect(await index(t.bench, t.repo.id)).toEqual([`${POST}/a`])
          await t.submit({ ...skipped, action: 'update' }, { mode: 'diff', run: 1, source: 'resync' })
          await t.submit(put(POST, 'a', { text: `${long}x` }, 'update'), rest)
          await t.submit(put(POST, 'a', { text: 'good' }, 'update'), rest)
          expect(await texts(t.bench)).toEqual(['good'])
          // And so again: an invalid version between two valid ones is as if there were none.
          await t.submit(put(POST, 'a', { text: long }, 'update'), rest)
          expect(await texts(t.bench)).toEqual([])
          await t.submit(put(POST, 'a', { text: 'better' }, 'update'), rest)
          expect(await texts(t.bench)).toEqual(['better'])
          expect(await t.letters()).toEqual([])
          expect(await t.uncreated()).toEqual([])
        },
      )

      test('of a create survives being dropped: the next version is a create', async () => {
        await using t = await start()
        await t.submit(put(POST, 'a', { text: 'bad' }))
        await t.bench.store.deadLetters.drop((await t.bench.store.deadLetters.list())[0]?.id ?? 0)
        await t.submit(put(POST, 'a', { text: 'good' }, 'update'))
        expect(await texts(t.bench)).toEqual(['good'])
        expect(await t.letters()).toEqual([])
      })

      test('of a create goes with a delete, of which handlers hear nothing: they have nothing', async () => {
        await using t = await start()
        await t.submit(put(POST, 'a', { text: 'bad' }))
        bad = ['bad', 'delete']
        await t.submit(del(POST, 'a'))
        expect(await t.letters()).toEqual([])
        expect(await t.uncreated()).toEqual([])
        await t.submit(put(POST, 'a', { text: 'new' }))
        expect(await texts(t.bench)).toEqual(['new'])
      })

      test.each(ways)(
        'of a delete makes a record that comes back an update of the one they have, %s',
        async (_, rest) => {
          await using t = await start()
          await t.submit(put(POST, 'a', { text: 'good' }))
          bad = ['delete']
          await t.submit(del(POST, 'a'))
          expect(await t.letters()).toEqual(['delete handler'])
          await t.submit(put(POST, 'a', { text: 'back' }), rest)
          expect(await texts(t.bench)).toEqual(['back'])
          expect(await t.letters()).toEqual([])
          await t.submit(del(POST, 'a'))
          bad = ['worse']
          await t.submit(put(POST, 'a', { text: 'worse' }), rest)
          expect(await texts(t.bench)).toEqual([])
          expect(await t.letters()).toEqual(['create handler'])
          await t.submit(put(POST, 'a', { text: 'better' }, 'update'), rest)
          expect(await texts(t.bench)).toEqual(['better'])
          // In one batch it is the same.
          bad = ['delete']
          await Promise.all([t.submit(del(POST, 'a')), t.submit(put(POST, 'a', { text: 'again' }))])
          expect(await texts(t.bench)).toEqual(['again'])
          expect(await t.letters()).toEqual([])
        },
      )

      test('one batch is like many: what fails in it leaves its creates to those after', async () => {
        await using t = await start('skip')
        const actions = [
          put(POST, 'a', { text: 'bad' }),
          put(POST, 'b', { text: long }),
          put(POST, 'a', { text: 'bad', n: 2 }, 'update'),
          put(POST, 'a', { text: 'good a' }, 'update'),
          put(POST, 'b', { text: 'good b' }, 'update'),
          put(POST, 'a', { text: 'better a' }, 'update'),
          put(POST, 'c', { text: 'c' }),
          del(POST, 'c'),
          put(POST, 'c', { text: long }),
        ]
        await Promise.all(actions.map((op) => t.submit(op)))
        expect(await texts(t.bench)).toEqual(['better a', 'good b'])
        expect(await t.letters()).toEqual([])
        expect(await t.uncreated()).toEqual([{ rkey: 'c' }])
        await Promise.all([
          t.submit(del(POST, 'c')),
          t.submit(put(POST, 'c', { text: 'c' })),
          t.submit(put(POST, 'c', { text: 'cc' }, 'update')),
        ])
        expect(await texts(t.bench)).toEqual(['better a', 'cc', 'good b'])
        expect(await t.uncreated()).toEqual([])
      })

      test('an update reaches those who only create, when nothing was created', async () => {
        const { create, delete: remove } = (strict as { handlers: TestHandlers }).handlers
        const creating = on(POST, { create, delete: remove } as TestHandlers)
        await using t = await start('dead-letter', creating)
        await t.submit(put(POST, 'a', { text: 'bad' }))
        await t.submit(put(POST, 'a', { text: 'good' }, 'update'))
        expect(await texts(t.bench)).toEqual(['good'])
        // What nobody handles is not looked at.
        await t.submit(put(POST, 'a', { text: long }, 'update'))
        expect(await texts(t.bench)).toEqual(['good'])
        expect(await t.letters()).toEqual([])
      })

      test('nothing is remembered of a repo that is removed', async () => {
        await using t = await start()
        await t.submit(put(POST, 'a', { text: 'bad' }))
        expect(await t.uncreated()).toHaveLength(1)
        await t.bench.store.repos.remove(t.repo.id)
        expect(await t.uncreated()).toEqual([])
      })

      test('nothing is remembered of a collection that is forgotten: its next version is an update again', async () => {
        await using t = await start()
        const op = put(POST, 'a', { text: 'bad' })
        await t.submit(op)
        await forgetCollection(t.bench.store, POST)
        bad = []
        await t.submit(op, { mode: 'diff', run: 2, source: 'resync' })
        await t.submit(put(POST, 'a', { text: 'good' }, 'update'))
        expect(await texts(t.bench)).toEqual(['good'])
        expect(await t.letters()).toEqual([])
      })
    })

    test('stays while a diff finds its record unchanged', async () => {
      await using bench = await open()
      const repo = await bench.repo()
      const op = put(POST, 'a', { text: 'bad' })
      await bench.dispatcher.submit(unit(repo, [op]))
      await bench.dispatcher.submit(unit(repo, [op], { mode: 'diff', run: 2, source: 'resync' }))
      expect(await bench.store.deadLetters.list()).toHaveLength(1)
    })

    test('in the same batch as the record that replaces it is not written', async () => {
      await using bench = await open()
      const repo = await bench.repo()
      const { dispatcher } = bench
      await Promise.all([
        dispatcher.submit(unit(repo, [put(POST, 'a', { text: 'bad' })])),
        dispatcher.submit(unit(repo, [put(POST, 'a', { text: 'good' }, 'update')])),
      ])
      expect(await texts(bench)).toEqual(['good live create'])
      expect(await bench.store.deadLetters.list()).toEqual([])
    })
  })

  describe('a handler that takes too long', () => {
    const handling = { attempts: 3, timeoutMs: 60 }

    test('becomes a dead letter, its signal aborts, and later use of tx and rows is refused', async () => {
      let calls = 0
      let late: Promise<unknown[]> = Promise.resolve([])
      const stuck = on(POST, {
        async put({ uri, record }, { tx, rows, signal, track }) {
          await rows.post?.upsert({ uri, text: record.text })
          if (record.text !== 'stuck') return
          calls++
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          late = Promise.all([
            tx.insertInto('post').values({ uri: 'late', text: 'late' }).execute().catch(String),
            rows.post?.upsert({ uri: 'late', text: 'late' }).catch(String),
            Promise.resolve()
              .then(() => track('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'))
              .catch(String),
          ])
          await new Promise(() => {})
        },
      })
      await using bench = await openBench(dialect, [stuck], { tables, handling })
      const ops = ['a', 'stuck', 'b'].map((text) => put(POST, text, { text }))
      expect(await bench.dispatcher.submit(unit(await bench.repo(), ops))).toBe('applied')
      expect(await texts(bench)).toEqual(['a', 'b'])
      const [letter, ...none] = await bench.store.deadLetters.list()
      expect(none).toEqual([])
      expect(letter).toMatchObject({
        rkey: 'stuck',
        kind: 'timeout',
        error: expect.stringContaining('60 ms'),
      })
      for (const message of await late) expect(message).toMatch(/this transaction is over/)
      expect(calls).toBe(1)
      expect(await bench.rows('post')).toHaveLength(2)
    })

    test('and fails afterwards harms nobody', async () => {
      const { promise, reject: fail } = Promise.withResolvers<void>()
      const stuck = on(POST, { put: () => promise })
      await using bench = await openBench(dialect, [stuck], { tables, handling })
      await bench.dispatcher.submit(unit(await bench.repo(), [put(POST, 'a', {})]))
      fail(new Error('far too late'))
      await new Promise(setImmediate)
      expect(await bench.store.deadLetters.list()).toMatchObject([{ kind: 'timeout' }])
    })
  })

  describe('the context', () => {
    const DID = 'did:plc:trackedtrackedtrackedxyz'

    test('track and untrack become true with the transaction', async () => {
      const told: unknown[] = []
      const tracking = on(POST, {
        async put({ record, did }, ctx) {
          await ctx.track(DID)
          if (record.text === 'throw') throw new Error('no')
          if (record.text === 'leave') await ctx.untrack(did, { keepRows: true })
        },
      })
      await using bench = await openBench(dialect, [tracking], {
        tables,
        onTrack: (dids) => told.push(dids),
        onUntrack: (did, keepRows) => told.push([did, keepRows]),
      })
      const repo = await bench.repo()
      await bench.dispatcher.submit(unit(repo, [put(POST, 'a', { text: 'throw' })]))
      expect(await bench.store.repos.get(DID)).toBeNull()
      expect(bench.store.repos.mayTrack(DID)).toBe(false)
      await bench.dispatcher.submit(
        unit(repo, [put(POST, 'b', { text: 'fine' }), put(POST, 'c', { text: 'leave' })]),
      )
      expect(await bench.store.repos.get(DID)).toMatchObject({ state: 'pending' })
      expect(bench.store.repos.mayTrack(DID)).toBe(true)
      expect(await bench.store.repos.get(repo.did)).toMatchObject({ removal: 'keep' })
      expect(told).toEqual([[DID], [repo.did, true]])
    })

    // One letter a repo: `+` track, `-` untrack, `k` with keepRows, `x` with exclude, `!` track and fail.
    test.each([
      ['-+', { removal: null, excluded: false, told: ['+'] }],
      ['x+', { removal: null, excluded: false, told: ['+'] }],
      ['+-', { removal: 'delete', excluded: false, told: ['-'] }],
      ['+k', { removal: 'keep', excluded: false, told: ['k'] }],
      ['-+k', { removal: 'keep', excluded: false, told: ['k'] }],
      ['x-', { removal: 'delete', excluded: true, told: ['-'] }],
      ['x+-', { removal: 'delete', excluded: false, told: ['-'] }],
      ['-!', { removal: 'delete', excluded: false, told: ['-'] }],
      // In three attempts: what stands before the one that fails, itself, and what stands behind it.
      ['-+!', { removal: null, excluded: false, told: ['+'] }],
      ['+!-!+', { removal: null, excluded: false, told: ['+'] }],
      ['-!+!-', { removal: 'delete', excluded: false, told: ['-'] }],
    ] as const)('of %s in one batch the last call of an account wins', async (calls, expected) => {
      const told: string[] = []
      const tracking = on(POST, {
        async put({ record: { text } }, ctx) {
          if (text === '+' || text === '!') await ctx.track(DID)
          else await ctx.untrack(DID, { keepRows: text === 'k', exclude: text === 'x' })
          if (text === '!') throw new Error('no')
        },
      })
      await using bench = await openBench(dialect, [tracking], {
        tables,
        handling: { attempts: 1, timeoutMs: 30_000 },
        onTrack: (dids) => told.push(...dids.map(() => '+')),
        onUntrack: (_, keepRows) => told.push(keepRows ? 'k' : '-'),
      })
      await bench.store.repos.add([DID])
      const repos = await Promise.all([...calls].map(() => bench.repo()))
      await Promise.all(
        repos.map((repo, i) => bench.dispatcher.submit(unit(repo, [put(POST, 'a', { text: calls[i] })]))),
      )
      const row = await bench.store.repos.get(DID)
      expect({ removal: row?.removal, excluded: await bench.store.excluded.has(DID), told }).toEqual(expected)
    })

    test('track of something that is no DID fails the event', async () => {
      await using bench = await openBench(
        dialect,
        [on(POST, { put: (_, ctx) => ctx.track('alice.example') })],
        { tables },
      )
      await bench.dispatcher.submit(unit(await bench.repo(), [put(POST, 'a', {})]))
      expect(await bench.store.deadLetters.list()).toMatchObject([
        { error: expect.stringContaining('not a DID: alice.example') },
      ])
    })

    test('emit writes outbox rows for those that succeed, once each', async () => {
      const emitting = on(POST, {
        async put({ rkey, record }, ctx) {
          await ctx.emit('seen', { rkey, quote: '"' })
          if (record.text === 'throw') throw new Error('no')
        },
      })
      await using bench = await openBench(dialect, [emitting], { tables })
      const repo = await bench.repo()
      const ops = ['fine', 'throw', 'fine'].map((text, n) => put(POST, `${n}`, { text }))
      await bench.dispatcher.submit(unit(repo, ops))
      const rows = await bench.store.outbox.page(0, 10)
      expect(
        rows.map(({ kind, did, live, name, body }) => ({
          kind,
          did,
          live,
          name,
          body: JSON.parse(`{${body}`),
        })),
      ).toEqual(
        ['0', '2'].map((rkey) => ({
          kind: 'emit',
          did: repo.did,
          live: true,
          name: 'seen',
          body: {
            type: 'emit',
            emit: { live: true, did: repo.did, name: 'seen', payload: { rkey, quote: '"' } },
          },
        })),
      )
    })

    test('afterCommit runs after the commit, once for each success, and its failure is only logged', async () => {
      const ran: string[] = []
      const { promise: all, resolve: done } = Promise.withResolvers<void>()
      const hooking = on(POST, {
        async put({ rkey, record }, ctx) {
          ctx.afterCommit(async () => {
            ran.push(`${rkey} ${(await texts(bench)).length}`)
            if (rkey === '2') done()
            throw new Error('in the hook')
          })
          await ctx.rows.post?.upsert({ uri: rkey, text: rkey })
          if (record.text === 'throw') throw new Error('no')
        },
      })
      await using bench = await openBench(dialect, [hooking], { tables })
      const ops = ['fine', 'throw', 'fine'].map((text, n) => put(POST, `${n}`, { text }))
      expect(await bench.dispatcher.submit(unit(await bench.repo(), ops))).toBe('applied')
      await all
      expect(ran).toEqual(['0 2', '2 2'])
    })

    test('log lines carry what the handler works on', async () => {
      await using bench = await openBench(
        dialect,
        [on(POST, { put: (_, ctx) => ctx.log.info('from the handler') })],
        { tables },
      )
      const repo = await bench.repo()
      await bench.dispatcher.submit(unit(repo, [put(POST, 'a', {})]))
      expect(bench.observer.lines.find((line) => line.msg === 'from the handler')).toMatchObject({
        uri: `at://${repo.did}/${POST}/a`,
      })
    })

    test('tx refuses to end the transaction or to begin another', async () => {
      const refused: string[] = []
      const ending = on(POST, {
        async put(_, { tx }) {
          const { sql } = await import('kysely')
          for (const text of ['commit', ' ROLLBACK', '/* x */ begin', '-- x\nend;', 'start transaction']) {
            await sql
              .raw(text)
              .execute(tx)
              .catch((error: Error) => refused.push(error.message))
          }
          await tx
            .startTransaction()
            .execute()
            .catch((error: Error) => refused.push(error.message))
        },
      })
      await using bench = await openBench(dialect, [ending], {
        tables,
        handling: { attempts: 1, timeoutMs: 1000 },
      })
      await bench.dispatcher.submit(unit(await bench.repo(), [put(POST, 'a', {})]))
      expect(refused).toHaveLength(6)
      for (const message of refused) expect(message).toContain('handlers run inside a transaction')
    })

    test('rows of an unknown table, an unknown column or half a key say what there is', async () => {
      const wrong = on(POST, {
        async put({ rkey }, { rows }) {
          if (rkey === 'a') await rows.pots?.upsert({})
          if (rkey === 'b') await rows.post?.upsert({ uri: 'x', txt: 'y' })
          if (rkey === 'c') await rows.post?.upsert({ text: 'y' })
          if (rkey === 'd') await rows.post?.delete({})
          if (rkey === 'e') await rows.post?.delete({ uri: undefined })
          if (rkey === 'f') await rows.seen?.upsert({ id: 'x' })
        },
      })
      await using bench = await openBench(dialect, [wrong], { tables })
      await bench.dispatcher.submit(
        unit(
          await bench.repo(),
          ['a', 'b', 'c', 'd', 'e', 'f'].map((rkey) => put(POST, rkey, {})),
        ),
      )
      const errors = Object.fromEntries(
        (await bench.store.deadLetters.list()).map(({ rkey, error }) => [rkey, error.split('\n')[0]]),
      )
      expect(errors.a).toContain('no such table: pots; known tables: post, seen')
      expect(errors.b).toContain('no such column: post.txt; known columns: uri, text, rev')
      expect(errors.c).toContain('rows.post.upsert lacks part of the primary key: uri')
      expect(errors.d).toContain('the key of rows.post.delete is empty')
      expect(errors.e).toContain('the key of rows.post.delete has no value for uri')
      expect(errors.f).toContain('rows.seen.upsert needs a primary key on the table')
    })
  })

  describe('identity and account changes', () => {
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
      expect(await bench.dispatcher.submit(unit(repo, [del(POST, 'b')], { removeRepo: true }))).toBe(
        'applied',
      )
      expect(await bench.store.repos.get(repo.did)).toBeNull()
      expect(await bench.store.records.count(repo.id)).toBe(0)
      expect(await bench.store.deadLetters.list()).toEqual([])
      expect(await bench.store.buffer.list(repo.id, 0, 9)).toEqual([])
      expect(await texts(bench)).toEqual([])
      expect(await bench.dispatcher.submit(unit(repo, [put(POST, 'c', {})]))).toBe('stale')
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

  describe('puts', () => {
    const chunks: string[][] = []
    const batching = on(POST, {
      async puts(events, { rows }) {
        chunks.push(events.map((event) => event.rkey))
        for (const { uri, record } of events) await rows.post?.upsert({ uri, text: record.text })
        if (events.some(({ record }) => record.text === 'throw')) throw new Error('in a chunk')
      },
      async delete({ uri }, { rows }) {
        await rows.post?.delete({ uri })
      },
    })
    const historical = { mode: 'diff', fresh: true, source: 'backfill' } as const

    test('takes whole chunks of historical puts, live ones one by one', async () => {
      chunks.length = 0
      await using bench = await openBench(dialect, [batching], { tables })
      const repo = await bench.repo()
      const ops = ['a', 'b', 'c'].map((rkey) => put(POST, rkey, { text: rkey }))
      await bench.dispatcher.submit(unit(repo, ops, historical))
      await bench.dispatcher.submit(
        unit(
          repo,
          ['d', 'e'].map((rkey) => put(POST, rkey, { text: rkey })),
        ),
      )
      expect(chunks).toEqual([['a', 'b', 'c'], ['d'], ['e']])
      expect(await texts(bench)).toEqual(['a', 'b', 'c', 'd', 'e'])
    })

    test('falls back to smaller chunks until the culprit is alone', async () => {
      chunks.length = 0
      await using bench = await openBench(dialect, [batching], { tables })
      const rkeys = Array.from({ length: 9 }, (_, n) => `${n}`)
      const ops = rkeys.map((rkey) => put(POST, rkey, { text: rkey === '4' ? 'throw' : rkey }))
      await bench.dispatcher.submit(unit(await bench.repo(), ops, historical))
      expect(await texts(bench)).toEqual(rkeys.filter((rkey) => rkey !== '4'))
      expect(await bench.store.deadLetters.list()).toMatchObject([{ rkey: '4', attempts: 3 }])
      expect(chunks.filter((chunk) => chunk.join() === '4')).toHaveLength(3)
    })

    test('a delete or a second put of a path finds the chunk before it done', async () => {
      chunks.length = 0
      await using bench = await openBench(dialect, [batching], { tables })
      const repo = await bench.repo()
      const { dispatcher } = bench
      await Promise.all([
        dispatcher.submit(
          unit(repo, [put(POST, 'a', { text: '1' }), put(POST, 'b', { text: '1' })], historical),
        ),
        dispatcher.submit(unit(repo, [del(POST, 'a')], { source: 'resync' })),
        dispatcher.submit(unit(repo, [put(POST, 'b', { text: '2' })], { source: 'resync', mode: 'diff' })),
        dispatcher.submit(unit(repo, [put(POST, 'b', { text: '3' })], { source: 'resync', mode: 'diff' })),
      ])
      expect(await texts(bench)).toEqual(['3'])
    })
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
