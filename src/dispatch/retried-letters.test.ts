import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import { closeBenches, del, on, openBench, put, unit } from '../../test/support/dispatching.ts'
import { LIKE, POST, tables, texts } from '../../test/support/posts.ts'
import { decode } from '../protocol/cbor.ts'

afterAll(closeBenches)

describe.each(DIALECTS)('a dead letter on $name', (dialect) => {
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
  test.runIf(besides)('that is retried behind a newer event of its path leaves the path to it', async () => {
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
    await dispatcher.submit(unit(repo, [put(POST, 'a', { text: 'bad' }), put(POST, 'b', { text: 'bad' })]))
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
  })

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
