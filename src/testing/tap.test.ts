import { expect, test } from 'vitest'
import { on, schemas } from '../../generated/handlers.ts'
import { startNetwork } from './network.ts'
import { createTestTap } from './tap.ts'

const STATUS = 'xyz.statusphere.status'

test('a user’s handler runs against a network with real signatures', async () => {
  const status = on(STATUS, {
    async put({ uri, did, record }, { rows }) {
      await rows.status.upsert({ uri, did, status: record.status, created_at: record.createdAt })
    },
    async delete({ uri }, { rows }) {
      await rows.status.delete({ uri })
    },
  })
  await using network = await startNetwork({ seed: 'test tap' })
  const alice = network.createRepo({ records: 3, collections: [STATUS] })
  await using app = await createTestTap<{ status: { uri: string; status: string } }>(network, {
    handlers: [status],
    schemas,
    migrations: './migrations',
  })
  await app.level()
  expect(await app.db.selectFrom('status').select('uri').execute()).toHaveLength(3)
  const { uri, rkey } = alice.create(STATUS, { $type: STATUS, status: '🦋', createdAt: network.now() })
  await app.level()
  const row = app.db.selectFrom('status').select('status').where('uri', '=', uri)
  expect(await row.execute()).toEqual([{ status: '🦋' }])
  alice.delete(STATUS, rkey)
  await app.level()
  expect(await row.execute()).toEqual([])
})

test('accounts and records made right after the tap started are not missed', async () => {
  await using network = await startNetwork({ seed: 'test tap, empty' })
  const seen: string[] = []
  const status = on(STATUS, { put: ({ did }) => void seen.push(did) })
  await using app = await createTestTap(network, { handlers: [status], schemas })
  const alice = network.createRepo()
  alice.create(STATUS, { $type: STATUS, status: '🦋', createdAt: network.now() })
  await app.level()
  expect(seen).toEqual([alice.did])
})
