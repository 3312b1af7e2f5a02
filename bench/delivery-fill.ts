/** Fills an outbox in a process of its own. Arguments: database, events. */
import { recordEvent } from '../src/delivery/wire-event.ts'
import { createObserver } from '../src/observe/observer.ts'
import { decodeJson, encode } from '../src/protocol/cbor.ts'
import { openStore } from '../src/store/open.ts'
import type { Store } from '../src/store/store.ts'
import { randomOf, sample } from './network-repo.ts'

const REPOS = 2000
const [database = '', count = '0'] = process.argv.slice(2)
await using store = await openStore(database, { observer: createObserver({ level: 'silent' }) })
await fill(store, Number(count))

async function fill(store: Store, events: number): Promise<void> {
  const random = randomOf(7)
  const records = Array.from({ length: 1000 }, (_, n) => {
    const { collection, record } = sample(random, 1.7e15 + n * 7e6)
    return { collection, record: decodeJson(encode(record)) }
  })
  for (let i = 0; i < events; i += 1000) {
    const rows = records.map(({ collection, record }, n) =>
      recordEvent({
        // A repo's events stand apart, as live events do; every other one is a barrier.
        ...{ live: n % 2 === 0, did: `did:plc:${String((i + n) % REPOS).padStart(24, 'a')}` },
        ...{ rev: '3kb3fge5lm32x', collection, rkey: `3kb3fge5${i + n}`, action: 'create', record },
        cid: 'bafyreifdcwe3k6vkowpi4crnc7ed6uh6xnosmnjty5yh5bhydgrcudx5di',
      }),
    )
    await store.transaction((tx) => store.outbox.append(tx, rows))
  }
}
