import { describe, expect, test } from 'vitest'
import { frameOf, type NetworkEvent } from '../testing/event.ts'
import {
  COMMIT_LIES,
  type CommitLie,
  legacyCommits,
  loseEvents,
  lyingCommits,
  type Network,
  repeatEvents,
  startNetwork,
  type TestRepo,
} from '../testing/index.ts'
import { Judge, type Judgement } from './judge.ts'

const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

/** What a judge says of everything the network tells while `act` runs. */
async function judged(
  act: (network: Network, repo: TestRepo) => void | Promise<void>,
  options: { legacy?: 'proven' | 'resync' | 'reject'; keys?: Map<string, string> } = {},
): Promise<Judgement[]> {
  await using network = await startNetwork({ seed: 'judge' })
  const repo = network.createRepo({ records: 30, collections: [STATUS] })
  const capture = network.capture()
  await act(network, repo)
  const judge = new Judge({
    legacy: options.legacy ?? 'proven',
    keyOf: async (did) => network.repo(did)?.published.signingKey ?? 'did:key:zNobody',
  })
  const said: Judgement[] = []
  for (const frame of capture.frames) said.push(await judge.judge(frame))
  return said
}

const short = (said: readonly Judgement[]) =>
  said.map(({ kind, verdict, rule }) => `${kind} ${verdict}${rule === null ? '' : ` ${rule}`}`)

test('what an honest network says is ok, op by op', async () => {
  const said = await judged((network) => {
    const alice = network.createRepo()
    const { rkey } = alice.create(STATUS, status('a'))
    alice.update(STATUS, rkey, status('b'))
    alice.delete(STATUS, rkey)
    alice.commit([])
    alice.setHandle('alice.test')
  })
  expect(short(said).filter((line) => !line.endsWith(' ok'))).toEqual([
    // An account is introduced by its first commit, and by a sync that says the same.
    'sync ignored C4',
  ])
  const commits = said.filter(({ kind }) => kind === 'commit')
  expect(commits.map(({ ops }) => ops.map(({ action }) => action).join())).toEqual([
    '',
    'create',
    'update',
    'delete',
    '',
  ])
  expect(commits[1]).toMatchObject({
    did: commits[0]?.did,
    ops: [
      { path: expect.stringMatching(/^xyz\.statusphere\.status\//), cid: expect.stringMatching(/^bafyrei/) },
    ],
  })
  expect(commits[3]?.ops[0]?.cid).toBe(null)
})

/** Where the blocks that came along do not show that it is a lie, a proof is missing (B17). */
const UNSEEN: readonly CommitLie[] = ['false-delete', 'no-proof']
const LIES = (Object.keys(COMMIT_LIES) as CommitLie[])
  .filter((lie) => lie !== 'wrong-since')
  .map((lie) => [lie, UNSEEN.includes(lie) ? 'B17' : COMMIT_LIES[lie].rule] as const)

test.each(LIES)(
  'B1, B17: a commit with the lie %s is invalid by its rule, and nothing is believed of it',
  async (lie, rule) => {
    let hits = 0
    const said = await judged((network, repo) => {
      repo.create(STATUS, status('before'), 'one')
      const fault = network.faults.add(lyingCommits(lie), { times: 1 })
      repo.commit([
        { action: 'update', collection: STATUS, rkey: 'one', record: status('x') },
        { action: 'create', collection: STATUS, record: status('y') },
        { action: 'delete', collection: STATUS, rkey: [...repo.records()][3]?.path.split('/')[1] ?? '' },
      ])
      hits = fault.hits
      repo.create(STATUS, status('after'))
      repo.create(STATUS, status('and on'))
    })
    expect(hits).toBe(1)
    expect(short(said)).toEqual([
      'commit ok',
      `commit invalid ${rule}`,
      'commit discontinuous B19',
      'commit ok',
    ])
  },
)

describe('chains', () => {
  test('B19, B20: after a lost commit the next one is discontinuous, and the chain goes on from it', async () => {
    const said = await judged((network, repo) => {
      repo.create(STATUS, status('1'))
      const fault = network.faults.add(loseEvents('commit'), { times: 1 })
      repo.create(STATUS, status('lost'))
      expect(fault.hits).toBe(1)
      repo.create(STATUS, status('3'))
      repo.create(STATUS, status('4'))
    })
    expect(short(said)).toEqual(['commit ok', 'commit discontinuous B19', 'commit ok'])
  })

  test('B12: what was told before is ignored', async () => {
    const said = await judged((network, repo) => {
      network.faults.add(repeatEvents('commit'))
      repo.create(STATUS, status('1'))
      repo.create(STATUS, status('2'))
    })
    expect(short(said)).toEqual(['commit ok', 'commit ignored B12', 'commit ok', 'commit ignored B12'])
  })

  test('B18: legacy commits by policy', async () => {
    const act = (network: Network, repo: TestRepo) => {
      repo.create(STATUS, status('1'))
      network.faults.add(legacyCommits())
      repo.create(STATUS, status('2'))
      repo.create(STATUS, status('3'))
    }
    expect(short(await judged(act))).toEqual(['commit ok', 'commit ok B18', 'commit ok B18'])
    expect(short(await judged(act, { legacy: 'reject' }))).toEqual([
      'commit ok',
      'commit invalid B18',
      'commit invalid B18',
    ])
    expect(short(await judged(act, { legacy: 'resync' }))).toEqual([
      'commit ok',
      'commit discontinuous B18',
      'commit discontinuous B18',
    ])
  })

  test('C4, C5: a sync ahead of the chain is discontinuous, the same again is ignored, the chain goes on', async () => {
    const said = await judged((network, repo) => {
      repo.create(STATUS, status('1'))
      repo.commit([{ action: 'create', collection: STATUS, record: status('unheard') }], { announce: false })
      network.faults.add(repeatEvents('sync'))
      repo.sync()
      repo.create(STATUS, status('2'))
    })
    expect(short(said)).toEqual(['commit ok', 'sync discontinuous C5', 'sync ignored C4', 'commit ok'])
  })

  test('C7, E3, E5: while an account is not active its messages are ignored; what it missed is no break', async () => {
    await using network = await startNetwork({ seed: 'inactive' })
    const repo = network.createRepo()
    const from = [...network.relayStream.events()].length
    repo.create(STATUS, status('1'))
    repo.create(STATUS, status('2'))
    repo.sync()
    repo.setStatus('suspended')
    repo.setStatus('active')
    repo.create(STATUS, status('3'))
    repo.create(STATUS, status('4'))
    const events = [...network.relayStream.events()].slice(from)
    const [one, two, sync, away, ...back] = events as [NetworkEvent, ...NetworkEvent[]]
    if (!two || !sync || !away) throw new Error('too few events')
    const judge = new Judge({ legacy: 'proven', keyOf: async () => repo.key.didKey })
    const said: Judgement[] = []
    // The host tells of a commit and a sync while the account is away.
    for (const [i, event] of [one, away, two, sync, ...back].entries())
      said.push(await judge.judge(frameOf(event, i + 1)))
    expect(short(said)).toEqual([
      'commit ok',
      'account ok',
      'commit ignored E3',
      'sync ignored C7',
      'account ok',
      'identity ok',
      'sync ok',
      'commit ok',
      'commit ok',
    ])
  })
})

test('A6: a seq that does not rise is invalid; the one after it is not held against it', async () => {
  await using network = await startNetwork({ seed: 'seqs' })
  const repo = network.createRepo()
  const capture = network.capture()
  for (let i = 0; i < 4; i++) repo.create(STATUS, status(`${i}`))
  const [a, b, c, d] = capture.frames as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  const judge = new Judge({ legacy: 'proven', keyOf: async () => 'unchecked' })
  const said: Judgement[] = []
  for (const frame of [a, b, b, a, c, d]) said.push(await judge.judge(frame))
  expect(short(said)).toEqual([
    'commit ok',
    'commit ok',
    'commit invalid A6',
    'commit invalid A6',
    'commit ok',
    'commit ok',
  ])
})

test('A1, A2: what is no frame is invalid, what is of no known type is ignored', async () => {
  const judge = new Judge({ legacy: 'proven', keyOf: async () => 'unchecked' })
  const frame = (header: object, body: object) =>
    import('@atcute/cbor').then(({ encode }) => Buffer.concat([encode(header), encode(body)]))
  expect(await judge.judge(Buffer.from('hello'))).toMatchObject({
    kind: 'unknown',
    verdict: 'invalid',
    rule: 'A1',
  })
  expect(await judge.judge(await frame({ op: 1, t: '#labels' }, { seq: 5 }))).toMatchObject({
    seq: 5,
    kind: 'unknown',
    verdict: 'ignored',
    rule: 'A2',
  })
  expect(await judge.judge(await frame({ op: 1, t: '#info' }, { name: 'OutdatedCursor' }))).toMatchObject({
    seq: null,
    kind: 'info',
    verdict: 'ok',
    rule: 'A4',
  })
  expect(await judge.judge(await frame({ op: -1 }, { error: 'FutureCursor' }))).toMatchObject({
    kind: 'error',
    verdict: 'ok',
    rule: 'A3',
  })
})

test('B10: a key that was rotated is asked for once more before a commit is refused', async () => {
  await using network = await startNetwork({ seed: 'rotated' })
  const repo = network.createRepo()
  const capture = network.capture()
  const old = repo.published.signingKey
  repo.create(STATUS, status('1'))
  repo.rotateKey()
  repo.create(STATUS, status('2'))
  const asked: boolean[] = []
  let known = old
  const judge = new Judge({
    legacy: 'proven',
    keyOf: async (_, fresh) => {
      asked.push(fresh)
      if (fresh) known = repo.published.signingKey
      return known
    },
  })
  const said: Judgement[] = []
  for (const frame of capture.frames) said.push(await judge.judge(frame))
  expect(said.filter(({ verdict }) => verdict !== 'ok')).toEqual([])
  expect(asked).toContain(true)
})
