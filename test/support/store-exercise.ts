import { afterAll, beforeAll, describe } from 'vitest'
import type { NewDeadLetter } from '../../src/store/dead-letters.ts'
import { openStore, type Store } from '../../src/store/open.ts'
import type { RepoRow } from '../../src/store/repo-row.ts'
import { DIALECTS, stopDatabases, type TestDatabase, type TestDialect } from './databases.ts'
import { listener } from './observer.ts'

/** A store that is open while the tests of one database run. */
export interface Exercised {
  readonly store: Store
  /** Another database of the kind. */
  readonly fresh: TestDialect['fresh']
  /** A new repo. */
  repo(): Promise<RepoRow>
}

let serial = 0
export const newDid = (): string => `did:plc:test${serial++}`
export const cid = (n: number): Uint8Array => new Uint8Array(36).fill(n)

/** Defines the same tests on a store of each database; `on.store` is there once they run. */
export function onEachStore(title: string, define: (on: Exercised) => void): void {
  afterAll(stopDatabases)
  describe.each(DIALECTS)(`${title} on $name`, ({ fresh }) => {
    let database: TestDatabase
    let store: Store
    beforeAll(async () => {
      database = await fresh()
      store = await openStore(database.url, { observer: listener() })
    })
    afterAll(async () => {
      await store?.close()
      await database?.[Symbol.asyncDispose]()
    })
    define({
      get store() {
        return store
      },
      fresh,
      async repo() {
        const did = newDid()
        await store.repos.add([did])
        const row = await store.repos.get(did)
        if (row === null) throw new Error('the repo was not added')
        return row
      },
    })
  })
}

/** A dead letter of a record that is new. */
export const letter = (row: { id: number; did: string }): NewDeadLetter => ({
  repoId: row.id,
  did: row.did,
  collection: 'a.b.c',
  rkey: 'r',
  rev: '3ka',
  action: 'create' as const,
  cid: cid(1),
  body: cid(4),
  kind: 'handler' as const,
  error: 'Error: no',
  issues: null,
  attempts: 1,
})
