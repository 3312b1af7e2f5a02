import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import { closeBenches, del, on, openBench, put, unit } from '../../test/support/dispatching.ts'
import { POST, tables, texts } from '../../test/support/posts.ts'

afterAll(closeBenches)

describe.each(DIALECTS)('puts on $name', (dialect) => {
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
