import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
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

const HOLD = `
  const db = new (require('node:sqlite').DatabaseSync)(process.argv[1])
  db.exec('begin immediate')
  console.log('held')
  setInterval(() => {}, 1000)`

test.skipIf(!existsSync('/proc/locks'))(
  'whoever holds the file is named in what is logged and thrown, also one that came later',
  async () => {
    const file = join(dir, 'app.db')
    const observer = listener()
    await using stack = new AsyncDisposableStack()
    const stores: Store[] = []
    for (const _ of Object.keys(writes))
      stores.push(stack.use(await openStore(`sqlite:${file}`, { observer, lock: false })))
    const other = spawn(process.execPath, ['-e', HOLD, file], { stdio: ['ignore', 'pipe', 'inherit'] })
    stack.defer(() => void other.kill('SIGKILL'))
    await once(other.stdout, 'data')
    const named = new RegExp(`database is locked by \\S+ \\(pid ${other.pid}\\); file=${file}$`)
    const [statement, ...thrown] = Object.values(writes).map((write, i) => write(stores[i] as Store))
    for (const one of await Promise.allSettled(thrown))
      expect(one).toMatchObject({ status: 'rejected', reason: { message: expect.stringMatching(named) } })
    const logged = () => observer.lines.find(({ fault }) => fault === 'busy')
    await expect
      .poll(logged, { timeout: 20_000 })
      .toMatchObject({ err: { message: expect.stringMatching(named) } })
    other.kill('SIGKILL')
    await statement
  },
  60_000,
)
