import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeProject, type Project } from '../../../test/support/project.ts'
import { runCli } from '../../../test/support/run-node.ts'
import { carBytes } from '../../testing/car.ts'
import {
  lyingCommits,
  type Network,
  oversizedFrames,
  resetConnection,
  startNetwork,
  type TestRepo,
} from '../../testing/index.ts'

/** What `lextap inspect` says of bytes that were not meant for it. */
const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

let project: Project
let network: Network
let repo: TestRepo
let other: TestRepo
let honest: Uint8Array
let capture: Uint8Array
const inspect = (...args: string[]) => runCli(project.dir, ['inspect', ...args], { TAP_PLC_URL: network.plc })
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(project.dir, name), content)
  return name
}
const lines = (stdout: string) =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

beforeAll(async () => {
  project = makeProject()
  network = await startNetwork({ seed: 'hostile', clock: 'system' })
  repo = network.createRepo({ records: 40, collections: [STATUS] })
  other = network.createRepo({ records: 5 })
  const kept = network.capture()
  repo.create(STATUS, status('one'), 'one')
  other.create(STATUS, status('two'), 'two')
  repo.update(STATUS, 'one', status('three'))
  capture = kept.bytes()
  honest = carBytes(repo.export('pds', network.random.fork('car')))
  const docs = network.didDocuments() as Record<string, object>
  file('docs.json', JSON.stringify(docs))
  file('doc.json', JSON.stringify(docs[repo.did]))
})
afterAll(async () => {
  await network.close()
  project.remove()
})

const varint = (...bytes: number[]) => Uint8Array.from(bytes)
const HUGE = varint(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)

describe('inspect car', () => {
  const broken: readonly (readonly [string, () => Uint8Array])[] = [
    ['an empty file', () => new Uint8Array()],
    ['binary garbage', () => network.random.fork('garbage').bytes(5000)],
    ['a text', () => Buffer.from('collection/rkey cid\n')],
    ['a header of many petabytes', () => Buffer.concat([HUGE, honest])],
    ['a block of many petabytes', () => Buffer.concat([honest, HUGE])],
    ['bytes behind its end', () => Buffer.concat([honest, varint(7, 1)])],
    ['its header alone', () => honest.subarray(0, 1 + (honest[0] ?? 0))],
    ['the middle of a block as its end', () => honest.subarray(0, honest.length >> 1)],
  ]
  test.each(broken)('F3: a file with %s is invalid, and nothing more', async (_, bytes) => {
    const { code, stdout, stderr } = await inspect(
      'car',
      file('b.car', bytes()),
      '--did-doc',
      'doc.json',
      '--json',
    )
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    const last = lines(stdout).at(-1)
    expect(Object.keys(last ?? {})).toEqual(['did', 'rev', 'data', 'records', 'verdict', 'rule'])
    expect(last).toMatchObject({ verdict: 'invalid', rule: 'F3' })
  })

  test('B11: an account whose document has no key, or is a tombstone’s, has nothing that could be verified', async () => {
    file('repo.car', honest)
    const document = { id: repo.did, service: [], verificationMethod: [] }
    const { code, stdout } = await inspect(
      'car',
      'repo.car',
      '--did-doc',
      file('k.json', JSON.stringify(document)),
      '--json',
    )
    expect(code).toBe(1)
    expect(lines(stdout).at(-1)).toMatchObject({ did: repo.did, verdict: 'invalid', rule: 'B11' })
  })

  test.each([
    ['no JSON', '{"id":', 'is not JSON'],
    ['a list', '[]', 'is not a DID document'],
    ['null', 'null', 'is not a DID document'],
  ])('a document that is %s is an error of its own', async (_, text, message) => {
    file('repo.car', honest)
    expect(await inspect('car', 'repo.car', '--did-doc', file('bad.json', text))).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(`bad.json ${message}`),
    })
  })

  test('a folder is no file', async () => {
    mkdirSync(join(project.dir, 'folder'), { recursive: true })
    for (const what of ['car', 'frames'])
      expect(await inspect(what, 'folder')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('cannot read folder'),
      })
  })
})

describe('inspect frames', () => {
  const frames = (...args: string[]) => inspect('frames', ...args, '--json')
  const short = (stdout: string) => lines(stdout).map(({ verdict, rule }) => `${verdict} ${rule}`)

  test.each([
    ['an empty capture', ''],
    ['an empty packed capture', zstdCompressSync(new Uint8Array())],
  ])('%s is no good verdict', async (_what, bytes) => {
    const { code, stdout, stderr } = await frames(file('empty', bytes), '--did-docs', 'docs.json')
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr:
        '0 messages: 0 ok, 0 invalid, 0 discontinuous, 0 ignored\nerror: empty holds no message: there is nothing to judge\n',
    })
  })

  test('a firehose that ends before its first message is no good verdict either', async () => {
    using _ = network.faults.add(resetConnection(), { host: 'relay', times: 1 })
    const { code, stderr } = await frames(network.relay, '--did-docs', 'docs.json')
    expect(code).toBe(75)
    expect(stderr).toContain('0 messages: ')
  })

  test('A1: frames without bytes, or of garbage, are invalid, and the ones behind them are read', async () => {
    const garbage = Buffer.concat([varint(0, 0, 0, 0), varint(3, 0, 0, 0, 0xff, 1, 2), capture])
    const { code, stdout } = await frames(file('garbage', garbage), '--did-docs', 'docs.json')
    expect(code).toBe(1)
    expect(short(stdout)).toEqual(['invalid A1', 'invalid A1', 'ok null', 'ok null', 'ok null'])
    expect(lines(stdout)[0]).toEqual({
      seq: null,
      kind: 'unknown',
      did: null,
      rev: null,
      verdict: 'invalid',
      rule: 'A1',
      ops: [],
    })
  })

  test.each([1, 3, 4, 9])(
    'a capture that ends %d bytes into a frame is said to, after what could be read',
    async (n) => {
      const { code, stdout, stderr } = await frames(
        file('cut', Buffer.concat([capture, capture.subarray(0, n)])),
        '--did-docs',
        'docs.json',
      )
      expect(code).toBe(1)
      expect(short(stdout)).toEqual(['ok null', 'ok null', 'ok null'])
      expect(stderr).toContain(`cut ends in the middle of a frame, at ${capture.length}`)
    },
  )

  test('several zstd frames in a row are one capture', async () => {
    const first = capture.subarray(0, 100)
    const packed = Buffer.concat([zstdCompressSync(first), zstdCompressSync(capture.subarray(100))])
    const { code, stdout } = await frames(file('two.zst', packed), '--did-docs', 'docs.json')
    expect({ code, verdicts: short(stdout) }).toEqual({
      code: 0,
      verdicts: ['ok null', 'ok null', 'ok null'],
    })
  })

  test('B11, B10: documents that are absent, a tombstone’s, another account’s, or name another key', async () => {
    const docs = network.didDocuments() as Record<
      string,
      { verificationMethod: { publicKeyMultibase: string }[] }
    >
    file('f', capture)
    const without = async (document: unknown) => {
      const text = JSON.stringify({ ...docs, [other.did]: document })
      return short((await frames('f', '--did-docs', file('some.json', text))).stdout)
    }
    const b11 = ['ok null', 'invalid B11', 'ok null']
    expect(await without(undefined)).toEqual(b11)
    expect(await without(null)).toEqual(b11)
    expect(await without(docs[repo.did])).toEqual(b11)
    const [method] = docs[other.did]?.verificationMethod ?? []
    const { publicKeyMultibase } = docs[repo.did]?.verificationMethod[0] ?? {}
    const otherKey = { ...docs[other.did], verificationMethod: [{ ...method, publicKeyMultibase }] }
    expect(await without(otherKey)).toEqual(['ok null', 'invalid B10', 'ok null'])
  })

  test('documents that are a list are an error of their own', async () => {
    file('f', capture)
    expect(await frames('f', '--did-docs', file('list.json', '[]'))).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('list.json must hold one object'),
    })
  })

  test('a URL that is none is said to be none', async () => {
    expect(await frames('ws://')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('error: not a URL: ws://\n'),
    })
  })

  test('A9: a frame over 5 MB on a socket is invalid, and the ones behind it are read', async () => {
    using _ = network.faults.add(oversizedFrames(), { host: 'relay', times: 1 })
    const { code, stdout } = await frames(
      network.relay,
      '--cursor',
      '0',
      '--limit',
      '2',
      '--did-docs',
      'docs.json',
    )
    expect(code).toBe(1)
    expect(lines(stdout)).toMatchObject([{ verdict: 'invalid', rule: 'A9' }, { verdict: 'ok' }])
  })

  test('what was invalid ends with 1, also when the directory is gone by then', async () => {
    const from = network.relayStream.seq
    const fault = network.faults.add(lyingCommits('no-blocks'))
    repo.update(STATUS, 'one', status('forged'))
    fault.remove()
    repo.update(STATUS, 'one', status('four'))
    await network.host('plc').stop()
    const { code, stdout, stderr } = await frames(network.relay, '--cursor', String(from))
    await network.host('plc').start()
    expect(short(stdout)).toEqual(['invalid B2'])
    expect(stderr).toMatch(/^error: /m)
    expect(code).toBe(1)
  })
})
