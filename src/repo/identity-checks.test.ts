import { afterEach, expect, test } from 'vitest'
import { quietObserver } from '../../test/support/run-tap.ts'
import type { Identity, IdentityResolver } from '../protocol/identity.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { IdentityChecks, type IdentityChecksDeps } from './identity-checks.ts'

const did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const base = { did, claimedHandle: 'a.test', pds: 'https://pds.test', signingKey: 'did:key:z' }
const unproven: Identity = { ...base, handle: null, tombstoned: false }
const observer = quietObserver()
const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

/** Checks over a resolver in the hands of the test, and what they applied. */
async function begin(
  answer: () => Promise<Identity>,
  deps: Partial<IdentityChecksDeps> = {},
): Promise<{ checks: IdentityChecks; store: Store; applied: Identity[]; asked: () => number }> {
  const store = await openStore('sqlite::memory:', { observer })
  let asked = 0
  const resolve = () => {
    asked++
    return answer()
  }
  const identity: IdentityResolver = { resolve, forget: () => {}, restsUntil: 0 }
  const applied: Identity[] = []
  const apply = async (found: Identity) => {
    applied.push(found)
  }
  const checks = new IdentityChecks({ store, observer, identity, apply, ...deps })
  cleanups.push(
    () => store.close(),
    () => checks.stop(),
  )
  return { checks, store, applied, asked: () => asked }
}

test('D3: a handle that nobody can say anything about is owed until somebody can', async () => {
  let found: Identity = { ...unproven, handleOwed: true }
  const { checks, store, applied } = await begin(async () => found, { retryMs: 10 })
  expect(await checks.withHandle(unproven)).toMatchObject({ handle: null })
  expect(await store.identityDue.list('', 9)).toEqual([did])
  checks.start()
  await expect.poll(() => applied.length).toBeGreaterThan(1)
  expect(await store.identityDue.list('', 9)).toEqual([did])
  found = { ...unproven, handle: 'a.test' }
  await expect.poll(() => store.identityDue.list('', 9)).toEqual([])
  expect(applied.at(-1)?.handle).toBe('a.test')
})

test('what could not be checked is left alone for a while, whoever else is owed', async () => {
  const { checks, asked, store } = await begin(async () => ({ ...unproven, handleOwed: true }))
  await checks.owe(did)
  checks.start()
  await expect.poll(() => checks.idle).toBe(true)
  for (const other of ['b', 'c', 'd']) {
    await checks.owe(`did:plc:${other.repeat(24)}`)
    await expect.poll(() => checks.idle).toBe(true)
  }
  expect(asked()).toBe(4)
  expect(await store.identityDue.list('', 9)).toHaveLength(4)
})
