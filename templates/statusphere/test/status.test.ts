import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { createTestTap, startNetwork } from 'lextap/testing'
import type { Database } from '../generated/database.ts'
import { schemas } from '../generated/handlers.ts'
import { status } from '../src/handlers/status.ts'

const STATUS = 'xyz.statusphere.status'

test('a status becomes a row, and goes when it is deleted', async () => {
  await using network = await startNetwork({ seed: 'status' })
  await using app = await createTestTap<Database>(network, {
    handlers: [status],
    schemas,
    migrations: './migrations',
  })
  const rows = () => app.db.selectFrom('status').select(['did', 'status']).execute()

  const alice = network.createRepo({ handle: 'alice.test' })
  const { rkey } = alice.create(STATUS, { $type: STATUS, status: '🦋', createdAt: network.now() })
  await app.level()
  deepEqual(await rows(), [{ did: alice.did, status: '🦋' }])

  alice.delete(STATUS, rkey)
  await app.level()
  deepEqual(await rows(), [])
})
