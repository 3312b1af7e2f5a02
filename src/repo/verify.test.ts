import { expect, test } from 'vitest'
import {
  bent,
  cidOf,
  grown,
  now,
  path,
  record,
  ruleOf,
  sectionsOf,
  verify,
} from '../../test/support/bent-commit.ts'
import { frameOf, messageOf, newKey, type Write } from '../../test/support/signed-repo.ts'
import { encode } from '../protocol/cbor-encode.ts'
import { Cid, cidForBlock, digestOfCid } from '../protocol/cid.ts'
import type { CommitMessage } from '../protocol/message.ts'
import { tidFromMicros } from '../protocol/tid.ts'

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

test('a message that the verification itself stumbles over is refused, not thrown at the stream', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([[path('new'), record('new')]])
  const stumble = (change: object) => () => verify(repo, { ...message, ...change }, head)
  expect(stumble({ ops: [null] })).toThrow(
    expect.objectContaining({ name: 'InvalidError', rule: 'B6', cause: expect.any(TypeError) }),
  )
  expect(stumble({ prevData: undefined })).toThrow(/in an unexpected way: .*did=did:plc:/s)
})
