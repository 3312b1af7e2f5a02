import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { jsonToLex, lexicons } from '@atproto/api'
import { Lexicons } from '@atproto/lexicon'
import { expect, test } from 'vitest'
import { decodeFrame } from '../protocol/frame.ts'
import { parseKey } from '../protocol/key.ts'
import { isCidString, isDatetime } from '../protocol/syntax.ts'
import { type Head, verifyCommit, verifySync } from '../repo/verify.ts'
import { frameOf } from './event.ts'
import { type Network, startNetwork } from './network.ts'
import { COLLECTIONS } from './records.ts'
import { type TrafficOptions, traffic } from './traffic.ts'

async function busy(options: TrafficOptions = {}, steps = 400): Promise<Network> {
  const network = await startNetwork({ seed: 'traffic', pdses: 2 })
  for (let i = 0; i < 12; i++) network.createRepo({ records: 8 })
  traffic(network, options).take(steps).toArray()
  return network
}

test('the same seed does the same, another something else', async () => {
  const story = async (seed: string) => {
    await using network = await busy({ seed }, 150)
    return [...network.relayStream.events()].map((event, i) =>
      Buffer.from(frameOf(event, i + 1)).toString('hex'),
    )
  }
  const [one, again, other] = [await story('a'), await story('a'), await story('b')]
  expect(one).toEqual(again)
  expect(one).not.toEqual(other)
})

test('every kind of activity happens, and weights switch it off', async () => {
  await using network = await startNetwork({ seed: 'kinds', pdses: 2 })
  for (let i = 0; i < 20; i++) network.createRepo({ records: 5 })
  const kinds = (options?: TrafficOptions) =>
    new Set(
      traffic(network, options)
        .take(3000)
        .map(({ kind }) => kind),
    )
  expect([...kinds()].sort()).toEqual(
    [
      'create',
      'update',
      'delete',
      'batch',
      'empty',
      'handle',
      'rotate',
      'pause',
      'resume',
      'removeAccount',
      'newAccount',
      'move',
      'sync',
    ].sort(),
  )
  expect([
    ...kinds({ weights: { pause: 0, resume: 0, removeAccount: 0, move: 0, rotate: 0 } }),
  ]).not.toContain('pause')
  const none = {
    create: 0,
    update: 0,
    delete: 0,
    batch: 0,
    empty: 0,
    handle: 0,
    rotate: 0,
    pause: 0,
    newAccount: 0,
    move: 0,
    sync: 0,
    removeAccount: 0,
  }
  for (const repo of network.repos) if (!repo.active && repo.status !== 'deleted') repo.setStatus('active')
  expect(() => traffic(network, { weights: none }).next()).toThrow('nothing can happen')
})

test('every record is valid by its lexicon, as the reference validates', async () => {
  await using network = await busy({}, 1500)
  const known = new Lexicons([...lexicons])
  known.add(JSON.parse(readFileSync(resolve('lexicons/xyz/statusphere/status.json'), 'utf8')))
  const seen = new Set<string>()
  for (const [uri, { cid, record }] of network.truth()) {
    const collection = uri.split('/')[3] ?? ''
    expect(() => known.assertValidRecord(collection, jsonToLex(record))).not.toThrow()
    expect(isCidString(cid)).toBe(true)
    expect(isDatetime((record as { createdAt: string }).createdAt)).toBe(true)
    seen.add(collection)
  }
  expect([...seen].sort()).toEqual([...COLLECTIONS].sort())
})

test('P4: whoever follows every event from an account’s birth verifies every commit and ends with the truth', async () => {
  await using network = await startNetwork({ seed: 'follow' })
  for (let i = 0; i < 12; i++) network.createRepo({ curve: i % 2 === 0 ? 'k256' : 'p256' })
  traffic(network, { weights: { rotate: 0, newAccount: 0, sync: 0 } })
    .take(1500)
    .toArray()
  const heads = new Map<string, Head>()
  const uris = new Set<string>()
  let commits = 0
  for (const [i, event] of [...network.relayStream.events()].entries()) {
    const message = decodeFrame(frameOf(event, i + 1))
    if (message.kind !== 'commit' && message.kind !== 'sync') continue
    const { did } = message
    const key = parseKey(network.repo(did)?.key.didKey ?? '')
    if (message.kind === 'sync') {
      expect(verifySync(message, key)).toEqual({ rev: heads.get(did)?.rev, data: heads.get(did)?.data })
      continue
    }
    const head = heads.get(did) ?? { rev: null, data: null }
    const { ops, ...next } = verifyCommit(message, key, head, { legacy: 'proven', now: Date.now() })
    for (const { action, collection, rkey } of ops) {
      if (action === 'delete') uris.delete(`at://${did}/${collection}/${rkey}`)
      else uris.add(`at://${did}/${collection}/${rkey}`)
    }
    heads.set(did, next)
    commits++
  }
  expect(commits).toBeGreaterThan(1000)
  const alive = [...uris].filter((uri) => network.repo(uri.split('/')[2] ?? '')?.status !== 'deleted')
  expect(alive.sort()).toEqual([...network.truth().keys()].sort())
})
