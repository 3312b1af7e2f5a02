import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import { closeBenches, on, openBench, put, unit } from '../../test/support/dispatching.ts'
import { POST, tables, texts } from '../../test/support/posts.ts'

afterAll(closeBenches)

describe.each(DIALECTS)('what a handler is given on $name', (dialect) => {
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
          const again = async () => tx.startTransaction().execute()
          await expect(again()).rejects.toThrow(/transaction method for a Transaction is not supported/)
          refused.push('again')
        },
      })
      await using bench = await openBench(dialect, [ending], {
        tables,
        handling: { attempts: 1, timeoutMs: 1000 },
      })
      await bench.dispatcher.submit(unit(await bench.repo(), [put(POST, 'a', {})]))
      expect(refused.splice(5)).toEqual(['again'])
      expect(refused).toHaveLength(5)
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
})
