import { expect, test } from 'vitest'
import { quietObserver } from '../../test/support/run-tap.ts'
import { openStore } from '../store/open.ts'
import { Reconcile } from './reconcile.ts'

const observer = quietObserver()
const REV = '3lenayb7yjgth'
const behind = (name: string) => ({ did: `did:plc:${name}`, rev: REV, active: true, status: null })

async function begin(maxWaiting: number) {
  const store = await openStore('sqlite::memory:', { observer })
  await store.repos.add(
    ['a', 'b', 'c'].map((name) => behind(name).did),
    { state: 'active' },
  )
  const reconcile = new Reconcile({
    ...{ store, observer, maxWaiting, graceMs: 3_600_000 },
    onDue: () => {},
    askStanding: async () => false,
  })
  const close = async () => {
    await reconcile.stop()
    await store.close()
  }
  return { reconcile, [Symbol.asyncDispose]: close }
}

/** Everything that can happen by itself has happened. */
const settled = () => new Promise((resolve) => setTimeout(resolve))

test('a page waits while too many suspects do, and none is lost', async () => {
  await using begun = await begin(2)
  const { reconcile } = begun
  await reconcile.compare([behind('a'), behind('b')])
  let taken = false
  const next = reconcile.compare([behind('c')]).then(() => {
    taken = true
  })
  await settled()
  expect(taken).toBe(false)
  await reconcile.judgeNow()
  await next
  await reconcile.judgeNow()
  expect(reconcile.found).toBe(3)
})

test('a page that waits does not keep it from stopping', async () => {
  await using begun = await begin(1)
  const { reconcile } = begun
  await reconcile.compare([behind('a')])
  const next = reconcile.compare([behind('b')])
  await reconcile.stop()
  await next
  expect(reconcile.found).toBe(0)
})
