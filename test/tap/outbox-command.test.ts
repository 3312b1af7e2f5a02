import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { createObserver } from '../../src/observe/observer.ts'
import { openStore } from '../../src/store/open.ts'
import { event, tempDatabase } from '../support/outbox.ts'

async function lextap(cwd: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const main = resolve('src/cli/main.ts')
  const child = spawn(process.execPath, ['--conditions=lextap-source', main, 'outbox', ...args], { cwd })
  let [out, err] = ['', '']
  child.stdout.on('data', (text) => {
    out += text
  })
  child.stderr.on('data', (text) => {
    err += text
  })
  const [code] = await once(child, 'close')
  return { code, out, err }
}

test('failed events are listed, retried at the end of the line, and dropped', async () => {
  const database = tempDatabase()
  const cwd = dirname(database.slice('sqlite:'.length))
  writeFileSync(join(cwd, 'tap.config.json'), JSON.stringify({ database }))
  writeFileSync(join(cwd, 'package.json'), '{}')
  await using store = await openStore(database, { observer: createObserver({ level: 'silent' }) })
  await store.transaction((tx) =>
    store.outbox.append(
      tx,
      [1, 2, 3, 4].map((n) => event(`did:plc:${n}`, n)),
    ),
  )
  for (const id of [1, 2, 3]) await store.outbox.fail(id, `the webhook answered ${500 + id}`, 16)

  const { out } = await lextap(cwd, 'list')
  expect(out).toContain('1 wait to be taken, 3 failed')
  expect(out).toContain('at://did:plc:2/app.bsky.feed.post/k2')
  expect(out).toContain('the webhook answered 502')
  const page = JSON.parse((await lextap(cwd, 'list', '--json', '--limit', '1', '--after', '1')).out)
  expect(page).toMatchObject({
    waiting: 1,
    failed: [{ id: 2, attempts: 16, did: 'did:plc:2', event: { type: 'record', record: { rkey: 'k2' } } }],
  })

  expect(await lextap(cwd, 'retry', '1')).toMatchObject({ code: 0, out: '1 sent again\n' })
  expect((await store.outbox.page(0, 10)).map(({ id, did }) => [id, did])).toEqual([
    [4, 'did:plc:4'],
    [5, 'did:plc:1'],
  ])
  const wrong = await lextap(cwd, 'retry', '1')
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('lextap outbox list')])
  expect(await lextap(cwd, 'drop', '2')).toMatchObject({ out: '1 dropped\n' })
  expect((await lextap(cwd, 'drop')).err).toContain('--all')
  expect(await lextap(cwd, 'retry', '--all')).toMatchObject({ out: '1 sent again\n' })
  expect([await store.outbox.count(), await store.outbox.countFailed()]).toEqual([3, 0])
})
