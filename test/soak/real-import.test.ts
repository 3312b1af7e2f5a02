import { expect, test } from 'vitest'
import { expectImportFollowed } from '../support/real-import.ts'
import { startRealNetwork } from '../support/real-network.ts'
import { RealRelay } from '../support/real-relay.ts'

test('F3, F13: a repo of 30,000 records is imported into a real PDS, and followed', async () => {
  await using network = await startRealNetwork({ pdses: 2 })
  const relay = await RealRelay.start(network)
  await expectImportFollowed(network, relay, 30_000)
  await relay.close()
  expect(relay.stream.subscribers).toBe(0)
})
