import { expect, test } from 'vitest'
import { startNetwork } from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { runTap } from '../support/run-tap.ts'

const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

test('smoke: a tap follows a tap', async () => {
  await using network = await startNetwork({ seed: 'tap source', clock: 'system' })
  const repo = network.createRepo({ records: 200 })
  await using upstream = await runTap({
    network,
    definitions: [],
    schemas: {},
    config: { server: { port: 0, password: 'pw' }, track: {} },
  })
  await using running = await runTap({
    network,
    config: {
      source: { kind: 'tap', url: upstream.tap.serverUrl ?? '', password: 'pw' },
      track: { dids: [repo.did] },
    },
  })
  await expect.poll(() => upstream.tap.store.repos.get(repo.did)).not.toBeNull()
  await upstream.tap.settled()
  const made = repo.create(STATUS, status('live'))
  await expect.poll(async () => (await running.rows('rec')).length, { timeout: 10000 }).toBe(201)
  await expectTruth(running, network.truth())
  await expectEachOnce(running)
  console.log(
    (await running.rows('seen')).find((r) => r.uri === made.uri),
    (await running.rows('seen'))[0],
  )
})
