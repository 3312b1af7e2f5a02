import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { RecordSchema } from '../../src/dispatch/handler.ts'
import { openStore } from '../../src/store/open.ts'
import { startNetwork } from '../../src/testing/index.ts'
import { DIALECTS, stopDatabases } from '../support/databases.ts'
import { plainHandlers } from '../support/plain-handlers.ts'
import { makeStatusphere, type Project } from '../support/project.ts'
import { runCli, startCli } from '../support/run-node.ts'
import { quietObserver, runTap } from '../support/run-tap.ts'

afterAll(stopDatabases)

/** What cannot be applied is kept with all that is needed to mend it, and applied when it is mended (P6). */
const STATUS = 'xyz.statusphere.status'
const LIKE = 'app.bsky.feed.like'
const POST = 'app.bsky.feed.post'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

const handler = (guard: string) => `import { on } from '../../generated/handlers.ts'

export const status = on('${STATUS}', {
  async put({ uri, did, record }, { rows }) {
    ${guard}
    await rows.status.upsert({ uri, did, status: record.status, created_at: record.createdAt })
  },
  async delete({ uri }, { rows }) {
    await rows.status.delete({ uri })
  },
})
`

interface Letter {
  readonly id: number
  readonly kind: string
  readonly action: string
  readonly uri: string
  readonly attempts: number
  readonly error: string
  readonly issues: { path: string[]; rule: string; message: string }[] | null
  readonly record: { status: string }
}

/** The command line in one project. */
function cliOf(project: Project, env: Record<string, string>) {
  const lextap = (...args: string[]) => runCli(project.dir, args, env)
  const json = async <T>(...args: string[]) => JSON.parse((await lextap(...args, '--json')).stdout) as T
  const letters = () => json<Letter[]>('dead-letters', 'list')
  const statuses = async () => {
    await using store = await openStore(env.DATABASE ?? '', { observer: quietObserver(), readOnly: true })
    const rows = await store.db.all<{ status: string }>('select status from status')
    return rows.map(({ status: text }) => text).sort()
  }
  return { lextap, json, letters, statuses }
}

// PGlite is nobody's but the process that runs on it.
test.each(DIALECTS.filter(({ name }) => name !== 'pglite'))(
  'P6: on $name dead letters are listed, shown, retried and dropped, beside a running process and without one',
  async ({ fresh }) => {
    await using database = await fresh()
    await using network = await startNetwork({ seed: 'letters', clock: 'system' })
    // The end of the handle spares us real name servers.
    const alice = network.createRepo({
      handle: 'alice.example',
      records: [{ collection: STATUS, record: status('a') }],
    })
    const project = makeStatusphere({
      'src/handlers/status.ts': handler("if (record.status === '💥') throw new Error('boom')"),
      'tap.config.ts': `export default {
  track: { signal: '${STATUS}' },
  database: process.env.DATABASE,
  relay: process.env.RELAY, plc: process.env.PLC,
  backfill: { allowPrivateHosts: true },
  stream: { cursorIntervalMs: 20 },
}
`,
    })
    const env = { RELAY: network.relay, PLC: network.plc, DATABASE: database.url }
    const { lextap, json, letters, statuses } = cliOf(project, env)
    expect((await lextap('codegen')).code).toBe(0)

    await using running = startCli(project.dir, ['run'], env)
    await network.waitForSubscribers(1)
    await expect.poll(() => statuses().catch(String), { timeout: 30_000 }).toEqual(['a'])
    alice.create(STATUS, status('💥'), 'boom')
    alice.create(STATUS, status('too long'), 'long')
    alice.create(STATUS, status('b'))
    await expect.poll(async () => (await letters()).length, { timeout: 30_000 }).toBe(2)
    await expect.poll(statuses).toEqual(['a', 'b'])

    const [long, boom] = (await letters()) as [Letter, Letter]
    expect(boom).toMatchObject({
      kind: 'handler',
      action: 'create',
      uri: `at://${alice.did}/${STATUS}/boom`,
      attempts: 3,
      record: status('💥'),
    })
    // The error with the frame of the code that threw.
    expect(boom.error).toContain('Error: boom')
    expect(boom.error).toMatch(/src\/handlers\/status\.ts:5:\d+/)
    expect(boom.error).toContain("> 5 |     if (record.status === '💥') throw new Error('boom')")
    expect(long).toMatchObject({ kind: 'invalid', attempts: 1, record: status('too long') })
    expect(long.issues).toMatchObject([{ path: ['status'], rule: 'maxGraphemes' }])
    const shown = await lextap('dead-letters', 'show', String(boom.id))
    expect(shown.stdout).toContain("throw new Error('boom')")
    expect(shown.stdout).toContain('"status": "💥"')
    expect(await json('dead-letters', 'list', '--kind', 'invalid')).toMatchObject([{ id: long.id }])
    expect(await json<{ deadLetters: object }>('status')).toMatchObject({ deadLetters: { total: 2 } })

    // Nothing was mended yet.
    const again = await lextap('dead-letters', 'retry', '--all')
    expect(again).toMatchObject({ code: 1, stdout: '2 failed\n' })
    expect((await letters()).map(({ attempts }) => attempts)).toEqual([2, 6])

    // The handler is mended while the old one still runs.
    project.write({ 'src/handlers/status.ts': handler('// mended') })
    expect(await lextap('dead-letters', 'retry', String(boom.id))).toMatchObject({
      code: 0,
      stdout: '1 applied\n',
    })
    expect(await statuses()).toEqual(['a', 'b', '💥'])
    // A newer version of a record settles the older one's letter.
    alice.update(STATUS, 'long', status('c'))
    await expect.poll(letters, { timeout: 30_000 }).toEqual([])
    expect(await statuses()).toEqual(['a', 'b', 'c', '💥'])

    alice.create(STATUS, status('zz'), 'two')
    alice.create(STATUS, status('never'), 'never')
    await expect.poll(async () => (await letters()).length, { timeout: 30_000 }).toBe(2)
    running.child.kill('SIGTERM')
    expect((await running.finished).code).toBe(0)

    // The lexicon is mended, and nothing runs.
    const path = join(project.dir, 'lexicons/xyz/statusphere/status.json')
    const lexicon = readFileSync(path, 'utf8').replace('"maxGraphemes": 1', '"maxGraphemes": 2')
    project.write({ 'lexicons/xyz/statusphere/status.json': lexicon })
    expect((await lextap('codegen')).code).toBe(0)
    const outcomes = await json<{ outcome: string }[]>(
      'dead-letters',
      'retry',
      '--collection',
      STATUS,
      '--all',
    )
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['applied', 'failed'])
    expect(await statuses()).toEqual(['a', 'b', 'c', 'zz', '💥'])
    const [never] = (await letters()) as [Letter]
    expect(never.record.status).toBe('never')
    expect(await json('dead-letters', 'drop', String(never.id))).toEqual({ dropped: [never.id] })
    expect(await letters()).toEqual([])
    project.remove()
  },
)

/** Refuses what says so. */
const strict = (nsid: string): RecordSchema => ({
  $nsid: nsid,
  $safeParse: (value) =>
    (value as { bad?: true }).bad === undefined
      ? { success: true, value }
      : {
          success: false,
          issues: [
            { path: ['bad'], rule: 'bad', expected: 'nothing', received: 'true', message: 'bad is there' },
          ],
        },
})

test('H3: what becomes of invalid records is said for each collection, by name or by wildcard', async () => {
  await using network = await startNetwork({ seed: 'policies', clock: 'system' })
  const repo = network.createRepo({ records: 1, collections: [STATUS] })
  const collections = [STATUS, LIKE, POST]
  const invalid = { 'app.bsky.*': 'skip', [POST]: 'deliver' } as const
  await using running = await runTap({
    network,
    definitions: plainHandlers(collections),
    schemas: Object.fromEntries(collections.map((nsid) => [nsid, strict(nsid)])),
    config: { policy: { invalid } },
  })
  await running.tap.settled()
  for (const $type of collections) repo.create($type, { $type, bad: true }, 'bad')
  await network.relayIdle()
  await running.tap.settled({ seq: network.relayStream.seq })
  const rows = (await running.rows('rec')).filter(({ rkey }) => rkey === 'bad')
  expect(rows.map(({ collection }) => collection)).toEqual([POST])
  expect((await running.tap.store.deadLetters.list()).map(({ collection }) => collection)).toEqual([STATUS])
  expect((await running.tap.status()).rejections.records).toEqual({
    'H3 dead-letter': 1,
    'H3 deliver': 1,
    'H3 skip': 1,
  })
})
