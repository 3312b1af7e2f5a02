import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import { closeBenches, on, openBench, put, unit } from '../../test/support/dispatching.ts'
import { index, POST, posts, tables, texts } from '../../test/support/posts.ts'

afterAll(closeBenches)

describe.each(DIALECTS)('P6: an op that cannot be applied on $name', (dialect) => {
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
    expect(letter?.error).toMatch(/posts\.ts:\d+:\d+\n[\s\S]*> +\d+ \| .*throw new Error\(record\.text\)/)
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
    const ops = [put(POST, 'a', { text: 'x' }), put(POST, 'b', { text: 'x' }), put(POST, 'c', { text: 'y' })]
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
