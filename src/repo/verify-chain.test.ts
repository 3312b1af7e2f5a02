import { expect, test } from 'vitest'
import { bent, cidOf, grown, path, record, ruleOf, verify } from '../../test/support/bent-commit.ts'
import { type Draft, SignedRepo, type Write } from '../../test/support/signed-repo.ts'
import { encode } from '../protocol/cbor-encode.ts'
import { type Cid, digestOfCid } from '../protocol/cid.ts'
import { keyDepth } from '../protocol/mst.ts'

const legacyWrites: Write[] = [
  [path('new'), record('new')],
  [path(3), record('changed')],
  [path(7), null],
]
const withoutPrevData = (draft: Draft) => {
  draft.prevData = null
}
const withoutPrev = (draft: Draft) => {
  draft.ops = draft.ops.map(({ action, path, cid }) => ({ action, path, cid }))
}

test.each([
  ['prevData', withoutPrevData],
  ['prev', withoutPrev],
  [
    'both',
    (draft: Draft) => {
      withoutPrevData(draft)
      withoutPrev(draft)
    },
  ],
] as const)(
  'B18: a commit without %s is legacy: proven, resynced or rejected, as the policy says',
  async (_, bend) => {
    const { repo, head } = await grown()
    const message = await repo.commit(legacyWrites, bend)
    const verified = verify(repo, message, head)
    expect(verified.legacy).toBe(true)
    expect(verified.ops.map((op) => op.action)).toEqual(['create', 'update', 'delete'])
    expect(ruleOf(() => verify(repo, message, head, { legacy: 'resync' }))).toBe('discontinuous:B18')
    expect(ruleOf(() => verify(repo, message, head, { legacy: 'reject' }))).toBe('B18')
  },
)

test('B18: every op of a legacy commit is proven against the signed tree', async () => {
  const legacy = (change: (draft: Draft) => void, writes = legacyWrites) =>
    bent(
      (draft) => {
        withoutPrevData(draft)
        withoutPrev(draft)
        change(draft)
      },
      { writes },
    )
  const cid = cidOf(record('other'))
  expect(
    await legacy((draft) => {
      Object.assign(draft.ops[0] as object, { cid })
      draft.blocks.set(digestOfCid(cid), encode(record('other')))
    }),
  ).toBe('B15')
  expect(await legacy((draft) => draft.ops.push({ action: 'delete', path: path(5), cid: null }))).toBe('B15')
  expect(
    await legacy((draft) =>
      draft.ops.push({ action: 'create', path: path('ghost'), cid: cidOf(record('new')) }),
    ),
  ).toBe('B15')
  expect(await legacy((draft) => draft.blocks.delete(digestOfCid((draft.commit.data as Cid).bytes)))).toBe(
    'B17',
  )
})

test('B16, B17: a legacy commit is not excused from the form of its ops', async () => {
  const twice = (draft: Draft) => {
    withoutPrevData(draft)
    draft.ops.push({ ...(draft.ops[0] as Draft['ops'][0]) })
  }
  expect(await bent(twice)).toBe('B16')
  const prev = (draft: Draft) => {
    withoutPrevData(draft)
    Object.assign(draft.ops[0] as object, { prev: cidOf({}) })
  }
  expect(await bent(prev)).toBe('B17')
})

test('B18: a legacy commit whose proof is incomplete is rejected, not believed', async () => {
  const { repo, head } = await grown()
  const deep = Array.from({ length: 50 }, (_, i) => path(i)).find((p) => keyDepth(p) === 0) ?? ''
  const message = await repo.commit([[deep, null]], (draft) => {
    withoutPrevData(draft)
    withoutPrev(draft)
    const root = digestOfCid((draft.commit.data as Cid).bytes)
    for (const digest of [...draft.blocks.keys()]) if (digest !== root) draft.blocks.delete(digest)
  })
  expect(ruleOf(() => verify(repo, message, head))).toBe('B15')
})

test('B18: a legacy commit must follow our rev all the same', async () => {
  const { repo, head } = await grown()
  await repo.commit([[path('missed'), record('missed')]])
  const message = await repo.commit(legacyWrites, withoutPrevData)
  expect(ruleOf(() => verify(repo, message, head))).toBe('discontinuous:B19')
})

test('B18: the first commit of a repo has no prevData and is not legacy', async () => {
  const repo = await SignedRepo.create()
  const nowhere = { rev: null, data: null }
  const empty = await repo.commit([])
  expect(verify(repo, empty, nowhere, { legacy: 'reject' }).legacy).toBe(false)
  const other = await SignedRepo.create()
  const first = await other.commit([[path(1), record('first')]])
  expect([first.since, first.prevData]).toEqual([null, null])
  expect(verify(other, first, nowhere, { legacy: 'reject' }).legacy).toBe(false)
})

test('B18: a commit that calls itself first and is not is legacy', async () => {
  const { repo } = await grown()
  const nowhere = { rev: null, data: null }
  const asFirst = (draft: Draft) => Object.assign(draft, { since: null, prevData: null })
  const message = await repo.commit([[path('new'), record('new')]], asFirst)
  expect(ruleOf(() => verify(repo, message, nowhere, { legacy: 'reject' }))).toBe('B18')
  expect(verify(repo, message, nowhere).legacy).toBe(true)
  const none = await repo.commit([], asFirst)
  expect(verify(repo, none, nowhere).legacy).toBe(true)
})

test('B19: a commit that follows another rev than ours is discontinuous', async () => {
  const { repo, head } = await grown()
  await repo.commit([[path('missed'), record('missed')]])
  const message = await repo.commit([[path('new'), record('new')]])
  expect(ruleOf(() => verify(repo, message, head))).toBe('discontinuous:B19')
})

test('B19: a commit without since is discontinuous once we have a rev', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([[path('new'), record('new')]], (draft) => {
    draft.since = null
  })
  expect(ruleOf(() => verify(repo, message, head))).toBe('discontinuous:B19')
})

test('B20: a commit over another tree than ours is discontinuous', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([[path('new'), record('new')]])
  const ours = { ...head, data: cidOf({ other: 'tree' }) }
  expect(ruleOf(() => verify(repo, message, ours))).toBe('discontinuous:B20')
  const part = await repo.commit([[path(3), null]], withoutPrev)
  expect(ruleOf(() => verify(repo, part, { rev: message.rev, data: cidOf({}) }))).toBe('discontinuous:B20')
})

test('a commit that is both invalid and discontinuous is invalid', async () => {
  const { repo, head } = await grown()
  await repo.commit([[path('missed'), record('missed')]])
  const message = await repo.commit([[path('new'), record('new')]], (draft) => {
    draft.prevData = cidOf({})
  })
  expect(ruleOf(() => verify(repo, message, head))).toBe('B17')
})

test('without a head any valid commit follows', async () => {
  const { repo } = await grown()
  const message = await repo.commit([[path('new'), record('new')]])
  expect(ruleOf(() => verify(repo, message, { rev: null, data: null }))).toBe('ok')
})

test('B21: a commit without ops advances rev and data', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([])
  const verified = verify(repo, message, head)
  expect(verified).toMatchObject({ rev: message.rev, ops: [], legacy: false })
  expect(verified.data).toEqual(head.data)
  // the message need not carry any of the tree then
  const bare = await repo.commit([], (draft) => draft.blocks.clear())
  expect(ruleOf(() => verify(repo, bare, { ...head, rev: message.rev }))).toBe('ok')
})

test('B21: a commit without ops cannot change the tree', async () => {
  expect(await bent((draft) => draft.ops.splice(0))).toBe('B17')
  expect(
    await bent((draft) => {
      draft.ops = []
      draft.blocks.clear()
    }),
  ).toBe('B17')
})

test('B22: ops of every collection are proven, of interest or not', async () => {
  const writes: Write[] = [
    ['app.bsky.feed.like/1', { $type: 'app.bsky.feed.like' }],
    ['com.example.unknown/self', { anything: true }],
  ]
  const { repo, head } = await grown()
  const message = await repo.commit(writes)
  expect(verify(repo, message, head).ops.map((op) => op.collection)).toEqual([
    'app.bsky.feed.like',
    'com.example.unknown',
  ])
  expect(await bent((draft) => draft.ops.splice(1, 1), { writes })).toBe('B17')
})

test('B23: a record moves to another path, and is created again', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([
    [path(3), null],
    [path('moved'), record('old 3')],
  ])
  expect(verify(repo, message, head).ops.map((op) => op.action)).toEqual(['delete', 'create'])
  const again = await repo.commit([[path(3), record('old 3')]])
  expect(ruleOf(() => verify(repo, again, { rev: message.rev, data: null }))).toBe('ok')
  const twice = await repo.commit([
    [path('a'), record('same')],
    [path('b'), record('same')],
  ])
  expect(ruleOf(() => verify(repo, twice, { rev: again.rev, data: null }))).toBe('ok')
})

test('everything may be deleted', async () => {
  const repo = await SignedRepo.create()
  repo.draft([
    [path(1), record('1')],
    [path(2), record('2')],
  ])
  const { head } = repo
  const message = await repo.commit([
    [path(1), null],
    [path(2), null],
  ])
  expect(ruleOf(() => verify(repo, message, head))).toBe('ok')
})
