import { closeSync, copyFileSync, openSync, writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { exitCodeOf, UserError } from '../../src/errors.ts'
import { startNetwork } from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { type RunningTap, runTap } from '../support/run-tap.ts'

/**
 * What the disk did to the database file, and that it ends with a clear word and loses nothing.
 * On SQLite alone: it is its file that is damaged here. What the others say of damage: store/dialects/faults.test.ts.
 */
const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

/** Overwrites the first page of a table in the file of a database that nobody has open. */
function damage(file: string, table: string): void {
  const db = new DatabaseSync(file)
  const size = Number(db.prepare('pragma page_size').get()?.page_size)
  const root = Number(db.prepare('select rootpage from sqlite_schema where name = ?').get(table)?.rootpage)
  db.close()
  const handle = openSync(file, 'r+')
  writeSync(handle, Buffer.alloc(size, 0xa5), 0, size, (root - 1) * size)
  closeSync(handle)
}

const endOf = (running: RunningTap) =>
  running.tap.finished.then(
    () => null,
    (reason: unknown) => reason,
  )

test.each(['lextap_record', 'rec'])(
  'a damaged database (%s) stops the process with what to do, and a backup goes on where it was',
  async (table) => {
    await using network = await startNetwork({ seed: `damage ${table}`, clock: 'system' })
    const repo = network.createRepo({ records: 5, collections: [STATUS] })
    const first = await runTap({ network })
    await network.waitForSubscribers(1)
    repo.create(STATUS, status('a cursor'))
    await network.relayIdle()
    await first.tap.settled({ seq: network.relayStream.seq })
    await first.tap.stop()
    const { database } = first.config
    const file = database.replace('sqlite:', '')
    copyFileSync(file, `${file}.backup`)
    damage(file, table)

    repo.create(STATUS, status('while it was down'))
    await network.relayIdle()
    const broken = await runTap({ network, database })
    const error = await endOf(broken)
    expect(error).toBeInstanceOf(UserError)
    expect(exitCodeOf(error)).toBe(1)
    expect(String(error)).toContain(`file=${file}`)
    expect(String(error)).toMatch(/damaged.*integrity_check.*backup/)

    copyFileSync(`${file}.backup`, file)
    await using again = await runTap({ network, database })
    await network.relayIdle()
    await again.tap.settled({ seq: network.relayStream.seq })
    await expectTruth(again, network.truth())
    await expectEachOnce(again)
  },
)

test('a damaged page met by a fetch alone stops the process as well', async () => {
  await using network = await startNetwork({ seed: 'damage fetch', clock: 'system' })
  const [old, late] = [network.createRepo({ records: 5 }), network.createRepo({ records: 5 })]
  const first = await runTap({ network, config: { track: { dids: [old.did] } } })
  await first.tap.settled()
  await first.tap.stop()
  const { database } = first.config
  damage(database.replace('sqlite:', ''), 'lextap_record')
  const broken = await runTap({ network, database, config: { track: { dids: [late.did] } } })
  expect(String(await endOf(broken))).toMatch(/the database file is damaged/)
})
