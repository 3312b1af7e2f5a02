import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeProject, type Project } from '../../../test/support/project.ts'
import { FIXTURES, fixtureJson, hasFixture } from '../../../test/support/repo-bytes.ts'
import { runCli, startCli } from '../../../test/support/run-node.ts'
import { encode } from '../../protocol/cbor.ts'
import { cidToString } from '../../protocol/cid.ts'
import { carBytes } from '../../testing/car.ts'
import { lyingCommits, type Network, startNetwork, type TestRepo } from '../../testing/index.ts'

const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

let project: Project
let network: Network
let repo: TestRepo
const inspect = (...args: string[]) => runCli(project.dir, ['inspect', ...args], { TAP_PLC_URL: network.plc })
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(project.dir, name), content)
  return name
}
const lines = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

beforeAll(async () => {
  project = makeProject()
  network = await startNetwork({ seed: 'inspect', clock: 'system' })
  const capture = network.capture()
  repo = network.createRepo()
  repo.create(STATUS, status('🦋'), 'self')
  const fault = network.faults.add(lyingCommits('foreign-key'), { times: 1 })
  repo.update(STATUS, 'self', status('forged'))
  fault.remove()
  repo.create(STATUS, status('💙'), 'two')
  capture.save(join(project.dir, 'day.frames'))
  file('day.frames.zst', zstdCompressSync(capture.bytes()))
  file('docs.json', JSON.stringify(network.didDocuments()))
  file('doc.json', JSON.stringify(network.didDocuments()[repo.did]))
  const car = carBytes(repo.export('pds', network.random.fork('car')))
  file('repo.car', car)
  file('cut.car', car.subarray(0, car.length - 400))
})
afterAll(async () => {
  await network.close()
  project.remove()
})

describe('inspect car', () => {
  const car = (...args: string[]) => inspect('car', ...args)

  test('lists every record and says ok', async () => {
    const { code, stdout, stderr } = await car('repo.car', '--did-doc', 'doc.json', '--json')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const all = lines(stdout)
    const truth = [...repo.records()].map(({ path, cid }) => ({ path, cid }))
    expect(all.slice(0, -1)).toHaveLength(2)
    expect(all.slice(0, -1)).toEqual(expect.arrayContaining(truth))
    expect(all.at(-1)).toEqual({
      did: repo.did,
      rev: repo.rev,
      data: cidToString(repo.data),
      records: 2,
      verdict: 'ok',
      rule: null,
    })
  })

  test('for people: a line a record, with the record if asked, and the verdict last', async () => {
    const { stdout } = await car('repo.car', '--did-doc', 'doc.json', '--records')
    expect(stdout).toMatch(/^xyz\.statusphere\.status\/two bafyrei\w+ \{"\$type":"xyz\.statusphere\.status"/m)
    expect(stdout.trim().split('\n').at(-1)).toMatch(new RegExp(`^ok did=${repo.did} rev=${repo.rev} data=`))
  })

  test('F3: one that is cut short, or another account’s, is invalid and ends with 1', async () => {
    const cut = await car('cut.car', '--did-doc', 'doc.json', '--json')
    expect(cut.code).toBe(1)
    expect(lines(cut.stdout).at(-1)).toMatchObject({ verdict: 'invalid', rule: 'F3' })
    const other = network.createRepo()
    file('other.json', JSON.stringify(network.didDocuments()[other.did]))
    const foreign = await car('repo.car', '--did-doc', 'other.json')
    expect(foreign.code).toBe(1)
    expect(foreign.stdout).toContain('invalid F3: the repo is another account')
  })

  test('without a DID document the signature is not checked, which is said; --resolve asks the network', async () => {
    const plain = await car('repo.car')
    expect(plain.code).toBe(0)
    expect(plain.stderr).toContain('signatures are not checked')
    const resolved = await car('repo.car', '--resolve', '--json')
    expect(resolved).toMatchObject({ code: 0, stderr: '' })
    expect(lines(resolved.stdout).at(-1)).toMatchObject({ verdict: 'ok' })
  })

  test('a file that is not there, or no DID document, is an error of its own', async () => {
    expect(await car('nothing.car')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('cannot read nothing.car'),
    })
    const wrong = await car('repo.car', '--did-doc', file('empty.json', '{}'))
    expect(wrong).toMatchObject({ code: 1, stderr: 'error: empty.json is not a DID document\n' })
  })
})

describe('inspect frames', () => {
  const frames = (...args: string[]) => inspect('frames', ...args)

  test.each(['day.frames', 'day.frames.zst'])(
    '%s: one object a message, in the agreed form',
    async (name) => {
      const { code, stdout, stderr } = await frames(name, '--did-docs', 'docs.json', '--json')
      const all = lines(stdout)
      expect(code).toBe(1)
      expect(stderr).toBe(
        `${all.length} messages: ${all.length - 3} ok, 1 invalid, 1 discontinuous, 1 ignored\n`,
      )
      for (const line of all)
        expect(Object.keys(line)).toEqual(['seq', 'kind', 'did', 'rev', 'verdict', 'rule', 'ops'])
      const commits = all.filter(({ kind, ops }) => kind === 'commit' && (ops as unknown[]).length > 0)
      expect(commits).toMatchObject([
        { did: repo.did, verdict: 'ok', rule: null, ops: [{ action: 'create', path: `${STATUS}/self` }] },
        {
          did: repo.did,
          verdict: 'invalid',
          rule: 'B10',
          ops: [{ action: 'update', path: `${STATUS}/self` }],
        },
        { did: repo.did, verdict: 'discontinuous', rule: 'B19', rev: repo.rev },
      ])
      expect(JSON.stringify(commits[0])).toMatch(/"cid":"bafyrei\w{52}"/)
    },
  )

  test('for people: a line a message, with the reason', async () => {
    const { stdout } = await frames('day.frames', '--did-docs', 'docs.json')
    expect(stdout).toMatch(
      /^invalid +\d+ commit +did:plc:\S+ \S+ ~xyz\.statusphere\.status\/self B10 the signature/m,
    )
  })

  test('B11: an account without a document is nobody’s', async () => {
    const { code, stdout } = await frames('day.frames', '--did-docs', file('none.json', '{}'), '--json')
    expect(code).toBe(1)
    expect(lines(stdout).find(({ kind }) => kind === 'commit')).toMatchObject({
      verdict: 'invalid',
      rule: 'B11',
    })
  })

  test('without documents everything but the signatures is checked', async () => {
    const { stdout, stderr } = await frames('day.frames', '--json')
    expect(stderr).toContain('signatures are not checked')
    expect(lines(stdout).filter(({ verdict }) => verdict === 'invalid')).toEqual([])
  })

  test('follows a URL, keeps what it saw, and stops after so many', async () => {
    const { code, stdout } = await frames(
      network.relay,
      '--cursor',
      '0',
      '--limit',
      '4',
      '--save',
      'kept',
      '--json',
    )
    expect(code).toBe(0)
    expect(lines(stdout)).toHaveLength(4)
    const again = await frames('kept', '--did-docs', 'docs.json', '--json')
    expect(again.stdout).toBe(stdout)
  })

  test('a URL is followed until ctrl-c', async () => {
    await using running = startCli(project.dir, ['inspect', 'frames', network.relay, '--json'], {
      TAP_PLC_URL: network.plc,
    })
    await network.waitForSubscribers(1)
    repo.create(STATUS, status('live'))
    await running.waitFor(/"verdict":"ok"/)
    running.child.kill('SIGINT')
    expect(await running.finished).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('1 messages: 1 ok'),
    })
  })

  test('a place without a firehose is said: 1 where no retry helps, 75 where one may', async () => {
    expect(await frames(network.plc.replace('http', 'ws'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('instead of a firehose'),
    })
    expect(await frames('ws://127.0.0.1:1')).toMatchObject({
      code: 75,
      stderr: expect.stringContaining('cannot be reached'),
    })
  })

  test('what is no capture is said, after what could be read', async () => {
    const text = await frames(file('text', 'this is a text, not a capture'))
    expect(text).toMatchObject({ code: 1, stderr: expect.stringContaining('is not a capture') })
    const broken = await frames(file('cut.zst', zstdCompressSync(Buffer.alloc(1000)).subarray(0, 12)))
    expect(broken).toMatchObject({ code: 1, stderr: expect.stringContaining('broken zstd') })
    const cut = await frames(file('cut', Buffer.from([4, 0, 0, 0, 0xa0])))
    expect(cut).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ends in the middle of a frame, at 0'),
    })
  })

  test('A9: a frame over 5 MB is invalid, and the ones behind it are read', async () => {
    const big = Buffer.alloc(5_000_005)
    big.writeUInt32LE(5_000_001)
    const info = Buffer.concat([encode({ op: 1, t: '#info' }), encode({ name: 'Hello' })])
    const length = Buffer.alloc(4)
    length.writeUInt32LE(info.length)
    const { code, stdout } = await frames(file('big', Buffer.concat([big, length, info])), '--json')
    expect(code).toBe(1)
    expect(lines(stdout)).toMatchObject([
      { verdict: 'invalid', rule: 'A9' },
      { kind: 'info', verdict: 'ok' },
    ])
  })
})

describe('inspect did', () => {
  const did = (...args: string[]) => inspect('did', ...args)

  test('tells who and where an account is, and verifies its repo', async () => {
    const { code, stdout } = await did(repo.did, '--allow-private-hosts', '--repo', '--json')
    expect(code).toBe(0)
    const [facts, car] = lines(stdout)
    expect(facts).toMatchObject({
      did: repo.did,
      claimedHandle: repo.handle,
      pds: network.pdses[0].host.url,
      signingKey: repo.key.didKey,
      tombstoned: false,
      host: { active: true, rev: repo.rev, error: null },
      problem: null,
    })
    expect(car).toMatchObject({ did: repo.did, verdict: 'ok', records: [...repo.records()].length })
  })

  test('a tombstone ends with 1, an unknown DID with 1, a directory out of reach with 75', async () => {
    const gone = network.createRepo()
    gone.remove({ tombstone: true })
    expect(await did(gone.did)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('identity is tombstoned'),
    })
    const nobody = await did('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
    expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('did does not exist') })
    expect((await did(repo.did, '--plc', 'http://127.0.0.1:1')).code).toBe(75)
    expect((await did('not a handle')).stderr).toContain('neither a DID nor a handle')
  })
})

describe.skipIf(!hasFixture('indigo'))('real data', () => {
  test('F3: a repo from before version 3 is invalid', async () => {
    const doc = join(FIXTURES, 'indigo/fakermaker.didDoc.json')
    const { code, stdout } = await inspect(
      'car',
      join(FIXTURES, 'indigo/fakermaker.repo.car'),
      '--did-doc',
      doc,
      '--json',
    )
    expect(code).toBe(1)
    expect(lines(stdout).at(-1)).toMatchObject({ verdict: 'invalid', rule: 'F3' })
  })

  test('B18: commits of real hosts from before Sync 1.1 are proven, and told apart', async () => {
    const seqs = [4621317030, 4621317332, 4621332152, 4623075231]
    const parts = seqs.flatMap((seq) => {
      const event = fixtureJson<Record<string, unknown>>(`indigo/firehose_commit_${seq}.json`)
      const frame = Buffer.concat([encode({ op: 1, t: '#commit' }), encode(event)])
      const length = Buffer.alloc(4)
      length.writeUInt32LE(frame.length)
      return [length, frame]
    })
    const { code, stdout } = await inspect('frames', file('real', Buffer.concat(parts)), '--json')
    expect(code).toBe(0)
    expect(lines(stdout)).toMatchObject(
      seqs.map((seq) => ({ seq, kind: 'commit', verdict: 'ok', rule: expect.toBeOneOf([null, 'B18']) })),
    )
  })
})
