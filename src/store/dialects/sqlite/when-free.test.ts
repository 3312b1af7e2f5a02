import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listener } from '../../../../test/support/observer.ts'
import { openStore } from '../../open.ts'
import type { Store } from '../../store.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lextap-busy-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const writes: Record<string, (store: Store) => Promise<unknown>> = {
  'a statement': (store) => store.meta.set('key', 'value'),
  'a transaction': (store) => store.transaction((tx) => store.outbox.append(tx, [])),
  'a query of the user': (store) => store.db.kysely.updateTable('lextap_meta').set({ value: 'x' }).execute(),
}

for (const [what, write] of Object.entries(writes)) {
  test(`${what} waits for another process that holds the file, and the event loop goes on`, async () => {
    const file = join(dir, 'app.db')
    await using store = await openStore(`sqlite:${file}`, { observer: listener() })
    using other = new DatabaseSync(file)
    other.exec('begin immediate')
    let written = false
    const writing = write(store).then(() => {
      written = true
    })
    // Were the loop held up, none of this would run before SQLite gave up.
    let turns = 0
    await expect.poll(() => ++turns, { interval: 1 }).toBe(50)
    expect(written).toBe(false)
    other.exec('rollback')
    await writing
    expect(written).toBe(true)
  })
}
