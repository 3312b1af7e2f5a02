import { afterEach, beforeEach, expect, test } from 'vitest'
import { listener } from '../../test/support/observer.ts'
import { XrpcError } from '../protocol/xrpc-error.ts'
import { openStore, type Store } from '../store/open.ts'
import { askUnlisted, SeenIds } from './unlisted.ts'

let store: Store
beforeEach(async () => {
  store = await openStore('sqlite::memory:', { observer: listener() })
})
afterEach(() => store.close())

const did = (n: number) => `did:plc:${n}`

/** Repos that are level, and those of them that were listed. */
async function level(count: number, listed: readonly number[]): Promise<SeenIds> {
  await store.repos.add(Array.from({ length: count }, (_, n) => did(n)))
  const seen = new SeenIds()
  for (let n = 0; n < count; n++) {
    const row = await store.repos.get(did(n))
    await store.repos.patch(row?.id ?? 0, { state: 'active' })
    if (listed.includes(n)) seen.add(row?.id ?? 0)
  }
  return seen
}

async function asked(listed: SeenIds, most: number, fail?: () => void): Promise<string[]> {
  const dids: string[] = []
  const ask = async (whose: string) => {
    dids.push(whose)
    fail?.()
  }
  await askUnlisted(listed, { store, observer: listener(), ask, most }, new AbortController().signal)
  return dids
}

test('ids are remembered one by one, however large they are', () => {
  const seen = new SeenIds()
  for (const id of [1, 8, 40_000_001]) seen.add(id)
  expect([0, 1, 2, 7, 8, 9, 40_000_000, 40_000_001, 90_000_000].filter((id) => seen.has(id))).toEqual([
    1, 8, 40_000_001,
  ])
})

test('A4: whoever is level and was not listed is asked after, and nobody else', async () => {
  const listed = await level(5, [0, 3])
  const waits = await store.repos.get(did(4))
  await store.repos.patch(waits?.id ?? 0, { state: 'desynchronized' })
  expect(await asked(listed, 10)).toEqual([did(1), did(2)])
})

test('so many are asked after and no more; a host that cannot be asked is left alone, one out of reach is told of', async () => {
  const listed = await level(5, [])
  const error = (retry: boolean) => () => {
    throw new XrpcError('no', { code: 'http', url: 'http://relay.test', retry })
  }
  expect(await asked(listed, 3)).toHaveLength(3)
  expect(await asked(listed, 3, error(false))).toHaveLength(1)
  await expect(asked(listed, 3, error(true))).rejects.toThrow(XrpcError)
})
