import { beforeAll, expect, test } from 'vitest'
import {
  type Draft,
  frameOf,
  messageOf,
  newKey,
  SignedRepo,
  type Write,
} from '../../test/support/signed-repo.ts'
import { DiscontinuousError, InvalidError } from '../errors.ts'
import { encode } from '../protocol/cbor-encode.ts'
import { Cid, cidForBlock, digestOfCid } from '../protocol/cid.ts'
import { parseKey } from '../protocol/key.ts'
import type { CommitMessage } from '../protocol/message.ts'
import { buildTree, encodeNode, keyDepth } from '../protocol/mst.ts'
import { tidFromMicros } from '../protocol/tid.ts'
import { type Head, type VerifyOptions, verifyCommit, verifySync } from './verify.ts'

const record = (text: string) => ({ $type: 'com.example.post', text })
const path = (n: number | string) => `com.example.post/${n}`
const cidOf = (value: unknown) => cidForBlock(encode(value))
const now = Date.now()
const defaults: VerifyOptions = { legacy: 'proven', now }

const verify = (repo: SignedRepo, message: CommitMessage, head: Head, options = {}) =>
  verifyCommit(message, parseKey(repo.key.did()), head, { ...defaults, ...options })

/** The rule an attempt fails by, `ok`, or `discontinuous:<rule>`. */
function ruleOf(attempt: () => unknown): string {
  try {
    attempt()
    return 'ok'
  } catch (error) {
    if (error instanceof InvalidError) return error.rule
    if (error instanceof DiscontinuousError) return `discontinuous:${error.rule}`
    throw error
  }
}

/** A repo with fifty records and the head after them. */
async function grown(curve: 'k256' | 'p256' = 'k256'): Promise<{ repo: SignedRepo; head: Head }> {
  const repo = await SignedRepo.create({ curve })
  repo.draft(Array.from({ length: 50 }, (_, i): Write => [path(i), record(`old ${i}`)]))
  return { repo, head: repo.head }
}

/** One commit of each action, bent; the rule it fails by. */
async function bent(
  bend: (draft: Draft) => void,
  options: { writes?: readonly Write[]; verify?: Partial<VerifyOptions>; resign?: boolean } = {},
): Promise<string> {
  const { repo, head } = await grown()
  const { writes = [[path('new'), record('new')]] } = options
  const message = await repo.commit(writes, bend)
  return ruleOf(() => verify(repo, message, head, options.verify))
}

test.each(['k256', 'p256'] as const)(
  'a %s commit of a create, an update and a delete is proven',
  async (curve) => {
    const { repo, head } = await grown(curve)
    const message = await repo.commit([
      [path('z-new'), record('new')],
      [path(3), record('changed')],
      [path(7), null],
    ])
    const verified = verify(repo, message, head)
    expect(verified.rev).toBe(repo.rev)
    expect(verified.data).toEqual(repo.data)
    expect(verified.legacy).toBe(false)
    expect(verified.ops).toMatchObject([
      { action: 'create', collection: 'com.example.post', rkey: 'z-new', body: encode(record('new')) },
      { action: 'update', collection: 'com.example.post', rkey: '3', body: encode(record('changed')) },
      { action: 'delete', collection: 'com.example.post', rkey: '7', cid: null, body: null },
    ])
    expect(verified.ops[0]?.cid).toEqual(cidOf(record('new')))
  },
)

test('the root of a verified commit is a copy that does not keep the frame', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([[path('new'), record('new')]])
  const { data } = verify(repo, message, head)
  expect(data.buffer.byteLength).toBe(36)
})

test('B2: blocks over 2,000,000 bytes or without any are rejected', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([[path('new'), record('new')]])
  const withBlocks = (blocks: Uint8Array) => ruleOf(() => verify(repo, { ...message, blocks }, head))
  expect(withBlocks(new Uint8Array(0))).toBe('B2')
  expect(withBlocks(new Uint8Array(2_000_001))).toBe('B2')
})

test('B2: 2,000,000 bytes are fine', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([[path('new'), record('new')]], ({ blocks }) => {
    // filler nobody refers to, up to the limit once the rest is written
    for (const size of [900_000, 900_000]) {
      const filler = encode({ $bytes: Buffer.alloc(size, blocks.size).toString('base64') })
      blocks.set(digestOfCid(cidForBlock(filler)), filler)
    }
  })
  expect(message.blocks.length).toBeGreaterThan(1_800_000)
  expect(ruleOf(() => verify(repo, message, head))).toBe('ok')
})

test('B3: 200 ops are fine, 201 are not', async () => {
  const many = (n: number) => Array.from({ length: n }, (_, i): Write => [path(`n${i}`), record(`${i}`)])
  expect(await bent(() => {}, { writes: many(200) })).toBe('ok')
  const { repo, head } = await grown()
  const message = await repo.commit(many(200))
  const ops = [...message.ops, { action: 'delete' as const, path: path('x'), cid: null, prev: null }]
  expect(ruleOf(() => verify(repo, { ...message, ops }, head))).toBe('B3')
})

test('B4: a record block over 1,048,576 bytes is rejected', async () => {
  const sized = (bytes: number) => {
    const overhead = encode({ text: 'x'.repeat(70_000) }).length - 70_000
    return { text: 'x'.repeat(bytes - overhead) }
  }
  expect(encode(sized(1_048_576)).length).toBe(1_048_576)
  expect(await bent(() => {}, { writes: [[path('big'), sized(1_048_576)]] })).toBe('ok')
  expect(await bent(() => {}, { writes: [[path('big'), sized(1_048_577)]] })).toBe('B4')
})

test.each([
  [['a', 'list']],
  ['text'],
  [7],
  [true],
  [{ $link: 'bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq' }],
])('B4: a record that is not a map is rejected: %j', async (value) => {
  expect(await bent(() => {}, { writes: [[path('odd'), value]] })).toBe('B4')
})

test('H4: a record that is a map and no valid record does not make the commit invalid', async () => {
  expect(await bent(() => {}, { writes: [[path('odd'), {}]] })).toBe('ok')
})

test('B5: tooBig, rebase and blobs are ignored', async () => {
  const odd = { tooBig: true, rebase: true, blobs: [new Cid(cidOf({}))] }
  expect(await bent((draft) => Object.assign(draft.extra, odd))).toBe('ok')
  expect(await bent((draft) => Object.assign(draft.extra, { tooBig: 'x', blobs: 3 }))).toBe('ok')
})

test('B6: the car must be about the commit that the envelope names', async () => {
  const other = new Cid(cidOf({ another: 'commit' }))
  expect(await bent((draft) => Object.assign(draft.extra, { commit: other }))).toBe('B6')
})

/** A CAR's sections, each with its length. */
function sectionsOf(car: Uint8Array): Uint8Array[] {
  const sections: Uint8Array[] = []
  for (let at = 0; at < car.length; ) {
    let [length, i] = [0, at]
    for (let scale = 1; ; scale *= 128) {
      const byte = car[i++] ?? 0
      length += (byte & 127) * scale
      if (byte < 128) break
    }
    sections.push(car.subarray(at, i + length))
    at = i + length
  }
  return sections
}

test('B6: the commit block must be there', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([[path('new'), record('new')]])
  const [header, , ...rest] = sectionsOf(message.blocks)
  const blocks = Buffer.concat([header as Uint8Array, ...rest])
  expect(ruleOf(() => verify(repo, { ...message, blocks }, head))).toBe('B6')
})

test('B6: any order, duplicates and extra blocks are tolerated', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([[path('new'), record('new')]], ({ blocks }) => {
    const extra = encode({ extra: true })
    blocks.set(digestOfCid(cidForBlock(extra)), extra)
  })
  const [header, ...rest] = sectionsOf(message.blocks)
  const blocks = Buffer.concat([header as Uint8Array, ...rest.reverse(), ...rest])
  expect(ruleOf(() => verify(repo, { ...message, blocks }, head))).toBe('ok')
})

test('B6: a car cut anywhere is rejected', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([[path('new'), record('new')]])
  for (let end = 1; end < message.blocks.length; end += 37) {
    const blocks = message.blocks.subarray(0, end)
    expect(ruleOf(() => verify(repo, { ...message, blocks }, head))).toMatch(/^(B6|B7|B15|B17)$/)
  }
})

test('B7: a block that does not hash to its cid is rejected', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([[path('new'), record('new')]])
  const blocks = Buffer.from(message.blocks)
  blocks[blocks.length - 1] = (blocks[blocks.length - 1] ?? 0) ^ 1
  expect(ruleOf(() => verify(repo, { ...message, blocks }, head))).toBe('B7')
})

test('B8: the commit object must be of version 3 and complete', async () => {
  const commit = (fields: object) => bent((draft) => Object.assign(draft.commit, fields))
  expect(await commit({ version: 2 })).toBe('B8')
  expect(await commit({ version: '3' })).toBe('B8')
  expect(await commit({ did: 7 })).toBe('B8')
  expect(await commit({ rev: 'x' })).toBe('B8')
  expect(await commit({ data: null })).toBe('B8')
  expect(await commit({ prev: 'x' })).toBe('B8')
  expect(await commit({ prev: new Cid(cidOf({})) })).toBe('ok')
  expect(await commit({ future: 'field' })).toBe('ok')
  expect(await bent((draft) => Object.assign(draft.extra, { sig: 'text' }))).toBe('B8')
  expect(await bent((draft) => delete draft.commit.prev)).toBe('B8')
})

test('B9: the envelope names the repo and rev that were signed', async () => {
  expect(await bent((draft) => Object.assign(draft, { did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' }))).toBe('B9')
  expect(await bent((draft) => Object.assign(draft, { rev: tidFromMicros(now * 1000) }))).toBe('B9')
})

test('B10: only the current key counts', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([[path('new'), record('new')]])
  repo.key = await newKey('k256')
  expect(ruleOf(() => verify(repo, message, head))).toBe('B10')
  repo.key = await newKey('p256')
  expect(ruleOf(() => verify(repo, message, head))).toBe('B10')
})

test.each(['k256', 'p256'] as const)('B10: a high-S %s signature is rejected', async (curve) => {
  const { repo, head } = await grown(curve)
  const order = {
    k256: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
    p256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  }[curve]
  const draft = repo.draft([[path('new'), record('new')]])
  const sig = Buffer.from(await repo.key.sign(encode(draft.commit)))
  const high = order - BigInt(`0x${sig.subarray(32).toString('hex')}`)
  const highS = Buffer.concat([sig.subarray(0, 32), Buffer.from(high.toString(16).padStart(64, '0'), 'hex')])
  const low = messageOf(await frameOf({ ...draft, extra: { sig } }, repo.key)) as CommitMessage
  expect(ruleOf(() => verify(repo, low, head))).toBe('ok')
  const message = messageOf(await frameOf({ ...draft, extra: { sig: highS } }, repo.key)) as CommitMessage
  expect(ruleOf(() => verify(repo, message, head))).toBe('B10')
})

test('B12: a rev that is not after its since is rejected', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([[path('new'), record('new')]])
  const equal = { ...message, since: message.rev }
  expect(ruleOf(() => verify(repo, equal, { ...head, rev: message.rev }))).toBe('B12')
})

test('B13: five minutes ahead of our clock are fine, more are not', async () => {
  const { repo, head } = await grown()
  repo.clock = now * 1000
  const message = await repo.commit([[path('new'), record('new')]])
  const ahead = (ms: number) => ruleOf(() => verify(repo, message, head, { now: now - ms }))
  expect(ahead(0)).toBe('ok')
  expect(ahead(5 * 60_000 - 1)).toBe('ok')
  expect(ahead(5 * 60_000 + 1)).toBe('B13')
})

/** A signed commit over a root node of our making, which only create ops of `keys` lead to. */
async function overTree(node: (leaf: string) => Parameters<typeof encodeNode>[0]): Promise<string> {
  return bent((draft) => {
    const leaf = digestOfCid(cidOf(record('new')))
    const block = encodeNode(node(leaf))
    const root = cidForBlock(block)
    draft.blocks.set(digestOfCid(root), block)
    draft.commit.data = new Cid(root)
  })
}

const ofDepth = (depth: number, from = 0): string => {
  for (let i = from; ; i++) if (keyDepth(path(`d${i}`)) === depth) return path(`d${i}`)
}

test('B14: keys out of order, on the wrong layer or over an empty subtree are rejected', async () => {
  const [a, b] = [ofDepth(0), ofDepth(0, 50)].sort() as [string, string]
  const one = ofDepth(1)
  const misplaced = (keys: string[]) =>
    overTree((leaf) => ({ keys, values: keys.map(() => leaf), trees: [null, ...keys.map(() => null)] }))
  expect(await misplaced([b, a])).toBe('B14')
  expect(await misplaced([a, a])).toBe('B14')
  expect(await misplaced([a, one].sort())).toBe('B14')
  expect(await misplaced([a, 'com.example.post/ spaces'].sort())).toBe('B14')
})

test('B14: an empty inner node is rejected', async () => {
  const one = ofDepth(1)
  const empty = encodeNode({ keys: [], values: [], trees: [null] })
  const rule = await bent((draft) => {
    const leaf = digestOfCid(cidOf(record('new')))
    const root = encodeNode({ keys: [one], values: [leaf], trees: [digestOfCid(cidForBlock(empty)), null] })
    draft.blocks.set(digestOfCid(cidForBlock(empty)), empty)
    draft.blocks.set(digestOfCid(cidForBlock(root)), root)
    draft.commit.data = new Cid(cidForBlock(root))
  })
  expect(rule).toBe('B14')
})

test('B15: an op whose cid is not the leaf of the signed tree is rejected', async () => {
  const other = record('something else')
  const swap = (draft: Draft) => {
    const op = draft.ops[0]
    if (op === undefined) throw new Error('no op')
    op.cid = cidOf(other)
    draft.blocks.set(digestOfCid(op.cid), encode(other))
  }
  expect(await bent(swap)).toBe('B15')
  expect(await bent(swap, { writes: [[path(3), record('changed')]] })).toBe('B15')
})

test('B15: a record block that is not there is rejected', async () => {
  expect(await bent((draft) => draft.blocks.delete(digestOfCid(cidOf(record('new')))))).toBe('B15')
})

test('B15: a delete of what is still there, and a create of what is not, are rejected', async () => {
  const still = (draft: Draft) => {
    draft.ops = [{ action: 'delete', path: path(3), cid: null, prev: cidOf(record('old 3')) }]
  }
  expect(await bent(still)).toBe('B15')
  const phantom = (draft: Draft) =>
    draft.ops.push({ action: 'create', path: path('phantom'), cid: cidOf(record('new')) })
  expect(await bent(phantom)).toBe('B15')
})

test('B15: a create without a cid and a delete with one are rejected', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([[path('new'), record('new')]])
  const [op] = message.ops
  if (op === undefined) throw new Error('no op')
  const withOp = (changed: object) =>
    ruleOf(() => verify(repo, { ...message, ops: [{ ...op, ...changed }] }, head))
  expect(withOp({ cid: null })).toBe('B15')
  expect(withOp({ action: 'delete' })).toBe('B15')
})

test('B16: the same path twice in one commit is rejected', async () => {
  expect(await bent((draft) => draft.ops.push({ ...(draft.ops[0] as Draft['ops'][0]) }))).toBe('B16')
  const both = (draft: Draft) =>
    draft.ops.unshift({ action: 'delete', path: path('new'), cid: null, prev: cidOf({}) })
  expect(await bent(both)).toBe('B16')
})

test('B17: undoing the ops must give prevData', async () => {
  const wrongRoot = (draft: Draft) => {
    draft.prevData = cidOf({ no: 'tree' })
  }
  expect(await bent(wrongRoot)).toBe('B17')
})

test('B17: an op that the commit does not mention is noticed', async () => {
  const writes: Write[] = [
    [path('new'), record('new')],
    [path(3), record('changed')],
    [path(7), null],
  ]
  for (const hidden of [0, 1, 2]) {
    expect(await bent((draft) => draft.ops.splice(hidden, 1), { writes })).toBe('B17')
  }
})

test('B17: a wrong prev is noticed, and an update told as a create', async () => {
  const set = (prev: Uint8Array) => (draft: Draft) => Object.assign(draft.ops[0] as object, { prev })
  expect(await bent(set(cidOf({})), { writes: [[path(3), record('changed')]] })).toBe('B17')
  expect(await bent(set(cidOf({})), { writes: [[path(3), null]] })).toBe('B17')
  const told = (draft: Draft) => {
    draft.ops = draft.ops.map(({ path, cid }) => ({ action: 'create', path, cid }))
  }
  expect(await bent(told, { writes: [[path(3), record('changed')]] })).toBe('B17')
})

test('B17: a create must not have a prev', async () => {
  expect(await bent((draft) => Object.assign(draft.ops[0] as object, { prev: cidOf({}) }))).toBe('B17')
})

test('B17: a missing proof block is a failure, whichever it is', async () => {
  const { repo, head } = await grown()
  const before = new Set(buildTree(repo.leaves).blocks.keys())
  const draft = repo.draft([[path(3), null]])
  const changed = [...draft.blocks.keys()].filter((digest) => !before.has(digest))
  expect(changed.length).toBeGreaterThan(1)
  for (const digest of changed) {
    const blocks = new Map([...draft.blocks].filter(([d]) => d !== digest))
    const message = messageOf(await frameOf({ ...draft, blocks }, repo.key)) as CommitMessage
    expect(ruleOf(() => verify(repo, message, head))).toBe('B17')
  }
})

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

let flips: { repo: SignedRepo; head: Head; message: CommitMessage }
beforeAll(async () => {
  const { repo, head } = await grown()
  flips = { repo, head, message: await repo.commit(legacyWrites) }
})

test('no flipped bit of the blocks changes what is accepted', () => {
  const { repo, head, message } = flips
  const untouched = verify(repo, message, head)
  const accepted: number[] = []
  for (let at = 0; at < message.blocks.length; at++) {
    const blocks = Uint8Array.from(message.blocks)
    blocks[at] = (blocks[at] ?? 0) ^ (1 << (at % 8))
    try {
      expect(verify(repo, { ...message, blocks }, head)).toEqual(untouched)
      accepted.push(at)
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error
    }
  }
  expect(accepted).toEqual([])
})

test('C1: a sync is a car with the commit block', async () => {
  const { repo } = await grown()
  const message = await repo.sync()
  const key = parseKey(repo.key.did())
  expect(verifySync(message, key)).toEqual({ rev: repo.rev, data: repo.data })
  const withBlocks = (blocks: Uint8Array) => ruleOf(() => verifySync({ ...message, blocks }, key))
  expect(withBlocks(new Uint8Array(0))).toBe('C1')
  expect(withBlocks(new Uint8Array(2_000_001))).toBe('C1')
  const [header] = sectionsOf(message.blocks)
  expect(withBlocks(header as Uint8Array)).toBe('C1')
  expect(withBlocks(message.blocks.subarray(0, -1))).toBe('B6')
})

test('C2: a sync names the repo and rev that were signed', async () => {
  const { repo } = await grown()
  const message = await repo.sync()
  const key = parseKey(repo.key.did())
  expect(ruleOf(() => verifySync({ ...message, did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' }, key))).toBe('C2')
  expect(ruleOf(() => verifySync({ ...message, rev: tidFromMicros(now * 1000) }, key))).toBe('C2')
})

test('C3: a sync is signed with the current key', async () => {
  const { repo } = await grown()
  const message = await repo.sync()
  const other = parseKey((await newKey('k256')).did())
  expect(ruleOf(() => verifySync(message, other))).toBe('C3')
})

test('B13: a sync from the future is rejected', async () => {
  const { repo } = await grown()
  const message = await repo.sync()
  const key = parseKey(repo.key.did())
  expect(ruleOf(() => verifySync(message, key, { now: now - 24 * 3_600_000 }))).toBe('B13')
})
