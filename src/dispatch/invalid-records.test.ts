import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import { closeBenches, openBench, put, unit } from '../../test/support/dispatching.ts'
import { index, LIKE, POST, posts, tables, texts } from '../../test/support/posts.ts'

afterAll(closeBenches)

describe.each(DIALECTS)('H3: an invalid record on $name', (dialect) => {
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
