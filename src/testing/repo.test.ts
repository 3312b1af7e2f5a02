import { CidLinkWrapper, encode } from '@atcute/cbor'
import { cborToLex, MemoryBlockstore, MST, readCarWithRoot, verifyProofs, verifyRepoCar } from '@atproto/repo'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cidFromString } from '../protocol/cid.ts'
import { type CarOrder, carBytes } from './car.ts'
import type { CommitEvent } from './event.ts'
import { cidOf, cidText } from './ids.ts'
import { type Network, startNetwork } from './network.ts'
import { Random } from './random.ts'
import type { TestRepo } from './repo.ts'
import type { RepoWrite } from './signed-repo.ts'
import { RepoTree } from './tree.ts'

let network: Network
beforeAll(async () => {
  network = await startNetwork({ seed: 'repo.test', pdses: 1 })
})
afterAll(() => network.close())

test('the tree has the same root as the reference implementation after any adds, updates and deletes', async () => {
  const random = new Random('tree')
  const tree = new RepoTree()
  let reference = await MST.create(new MemoryBlockstore())
  const present: string[] = []
  for (let i = 0; i < 600; i++) {
    const block = Uint8Array.from([0x18, random.int(200) + 24])
    const leaf = { cid: cidOf(block), block, born: i }
    const cid = parseCid(leaf.cid)
    const action = present.length === 0 || random.chance(i < 300 ? 0.7 : 0.2) ? 'add' : 'change'
    const key = action === 'add' ? `com.example.record/${random.next().toString(36)}` : random.pick(present)
    if (action === 'add') {
      tree.set(key, leaf)
      reference = await reference.add(key, cid)
      present.push(key)
    } else if (random.chance(0.3)) {
      tree.set(key, leaf)
      reference = await reference.update(key, cid)
    } else {
      present.splice(present.indexOf(key), 1)
      tree.delete(key)
      reference = await reference.delete(key)
    }
    expect(cidText(tree.seal(i).cid)).toBe((await reference.getPointer()).toString())
    expect(tree.size).toBe(present.length)
  }
  const rebuilt = RepoTree.of([...tree.entries()].reverse())
  expect(rebuilt.seal(null).cid).toEqual(tree.seal(null).cid)
})

type ReferenceCid = Parameters<MST['add']>[1]

function parseCid(text: string | Uint8Array): ReferenceCid {
  const bytes = typeof text === 'string' ? cidFromString(text) : text
  return cborToLex(encode(new CidLinkWrapper(bytes))) as ReferenceCid
}

/** The tree a frame shows, loaded by the reference implementation from the frame's blocks alone. */
async function treeOf(event: CommitEvent): Promise<MST> {
  const { blocks } = await readCarWithRoot(event.blocks)
  const commit = cborToLex(blocks.get(parseCid(event.commit)) as Uint8Array) as { data: ReferenceCid }
  return MST.load(new MemoryBlockstore(blocks), commit.data)
}

/** Undoes a commit's ops with the reference MST. */
async function rootBefore(event: CommitEvent): Promise<string> {
  let tree = await treeOf(event)
  for (const op of [...event.ops].reverse()) {
    if (op.action === 'create') tree = await tree.delete(op.path)
    else if (op.prev === undefined) throw new Error('no prev')
    else if (op.action === 'update') tree = await tree.update(op.path, parseCid(op.prev))
    else tree = await tree.add(op.path, parseCid(op.prev))
  }
  return (await tree.getPointer()).toString()
}

function commitsOf({ did }: TestRepo): CommitEvent[] {
  return [...network.relayStream.events()].filter(
    (event) => event.kind === 'commit' && event.did === did,
  ) as CommitEvent[]
}

test('B17: every frame carries the blocks that undoing its ops needs, by the reference tree', async () => {
  const random = new Random('frames')
  const repo = network.createRepo({ records: 150 })
  for (let i = 0; i < 120; i++) {
    const paths = [...repo.tree.entries()].map(([path]) => path)
    const writes: RepoWrite[] = []
    const used = new Set<string>()
    for (let n = 1 + random.int(6); n > 0; n--) {
      const path = random.pick(paths)
      const [collection = '', rkey = ''] = path.split('/')
      const record = network.records.record('xyz.statusphere.status')
      if (random.chance(0.4) || used.has(path)) writes.push({ action: 'create', collection, record })
      else
        writes.push(
          random.chance(0.6)
            ? { action: 'delete', collection, rkey }
            : { action: 'update', collection, rkey, record },
        )
      used.add(path)
    }
    repo.commit(random.shuffle(writes))
  }
  const commits = commitsOf(repo)
  expect(commits.length).toBe(120)
  let [since, before] = ['', '']
  for (const event of commits) {
    expect(await rootBefore(event)).toBe(cidText(event.prevData as Uint8Array))
    if (before !== '') expect([event.since, cidText(event.prevData as Uint8Array)]).toEqual([since, before])
    since = event.rev
    before = (await (await treeOf(event)).getPointer()).toString()
  }
})

for (const curve of ['k256', 'p256'] as const) {
  for (const order of ['preorder', 'pds', 'random'] satisfies CarOrder[]) {
    test(`the reference implementation verifies a whole ${curve} repo in ${order} order`, async () => {
      const repo = network.createRepo({ curve, records: 300 })
      repo.create('xyz.statusphere.status', network.records.record('xyz.statusphere.status'))
      const car = carBytes(repo.export(order, new Random(1)))
      const verified = await verifyRepoCar(car, repo.did, repo.key.didKey)
      expect(verified.creates.length).toBe(repo.tree.size)
      expect(verified.commit.cid.toString()).toBe(cidText(repo.head))
    })
  }
}

test('a record proof is what the reference implementation accepts, for a record that is there and one that is not', async () => {
  const repo = network.createRepo({ records: 200 })
  const [first] = repo.records()
  if (first === undefined) throw new Error('no records')
  const [collection = '', rkey = ''] = first.path.split('/')
  const claims = [
    { collection, rkey, cid: parseCid(first.cid) },
    { collection, rkey: 'nobody', cid: null },
  ]
  for (const claim of claims) {
    const proof = carBytes(repo.recordProof(`${claim.collection}/${claim.rkey}`))
    const result = await verifyProofs(proof, [claim], repo.did, repo.key.didKey)
    expect(result.unverified).toEqual([])
    expect(result.verified.length).toBe(1)
  }
})
