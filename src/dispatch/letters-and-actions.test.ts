import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import {
  closeBenches,
  del,
  makeDispatcher,
  on,
  openBench,
  put,
  type TestHandlers,
  unit,
} from '../../test/support/dispatching.ts'
import { index, POST, tables, texts } from '../../test/support/posts.ts'
import { forgetCollection } from '../store/refetch.ts'
import { RecordJob } from './job.ts'
import { Registry } from './registry.ts'
import { Routes } from './route.ts'

afterAll(closeBenches)

describe.each(DIALECTS)('a dead letter, for handlers that tell create from update, on $name', (dialect) => {
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
    expect((await t.bench.store.deadLetters.list())[0]?.error).toMatch(/is skipped[\s\S]*cannot take delete/)
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
