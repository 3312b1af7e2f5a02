import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, describe, expect, test } from 'vitest'
import type { HandlerDefinition, RecordHandlerDefinition } from '../../src/dispatch/handler.ts'
import { Registry } from '../../src/dispatch/registry.ts'
import { openReplay } from '../../src/replay/journal.ts'
import { makeJob, submitJob } from '../../src/replay/request.ts'
import { type Network, startNetwork } from '../../src/testing/index.ts'
import { expectTruth } from '../support/compare.ts'
import { DIALECTS, stopDatabases } from '../support/databases.ts'
import { plainHandlers, schemas } from '../support/plain-handlers.ts'
import { type RunningTap, type RunTapOptions, runTap, tempDatabase } from '../support/run-tap.ts'

/** A project whose handlers or lexicons are not what they were, and replays beside live traffic. */
const STATUS = 'xyz.statusphere.status'
const LIKE = 'app.bsky.feed.like'
const ALL = [STATUS, LIKE] as const

async function setUp(seed: string, records = 60): Promise<Network> {
  const network = await startNetwork({ seed, clock: 'system' })
  for (let i = 0; i < 4; i++) network.createRepo({ records, collections: ALL })
  return network
}

/** The plain handlers with names and versions. */
const versioned = (versions: Readonly<Record<string, number>>): HandlerDefinition[] =>
  plainHandlers(ALL).map((definition) =>
    definition.kind === 'record' ? withVersion(definition, versions[definition.pattern]) : definition,
  )

function withVersion(
  definition: RecordHandlerDefinition,
  version: number | undefined,
): RecordHandlerDefinition {
  const name = definition.pattern.split('.').at(-1) ?? ''
  const handlers = { ...definition.handlers, ...(version === undefined ? {} : { version }) }
  return { ...definition, name, handlers }
}

async function run(options: RunTapOptions): Promise<RunningTap> {
  const running = await runTap(options)
  await running.tap.settled()
  return running
}

const replayed = async (running: RunningTap) =>
  (await running.rows('seen'))
    .filter(({ source, action }) => source === 'replay' && action !== 'delete')
    .map(({ uri }) => String(uri))
    .sort()

afterAll(stopDatabases)

describe.each(DIALECTS)('on $name', (dialect) => {
  test('a handler whose version rose gets what is stored, once; nothing else does', async () => {
    await using network = await setUp(`version ${dialect.name}`)
    await using made = await dialect.fresh()
    const database = made.url
    const first = await run({ network, database, definitions: versioned({}) })
    expect(await replayed(first)).toEqual([])
    await first.tap.stop()

    const second = await run({ network, database, definitions: versioned({ [LIKE]: 1 }) })
    expect(await replayed(second)).toEqual([...network.truth([LIKE]).keys()].sort())
    await expectTruth(second, network.truth(ALL))
    await second.tap.stop()

    await using third = await run({ network, database, definitions: versioned({ [LIKE]: 1 }) })
    expect(await replayed(third)).toEqual([...network.truth([LIKE]).keys()].sort())
  })

  test('a lexicon that means something else has its records validated again', async () => {
    await using network = await setUp(`lexicon ${dialect.name}`)
    await using made = await dialect.fresh()
    const options = { network, database: made.url, definitions: versioned({}) }
    const first = await run({ ...options, fingerprints: { [STATUS]: 'a', [LIKE]: 'b' } })
    await first.tap.stop()
    const truth = [...network.truth([STATUS])].map(
      ([uri, { record }]) => [uri, JSON.stringify(record)] as const,
    )
    const [, shunned] = truth[0] ?? []
    const [broken, others] = [truth.filter(([, r]) => r === shunned), truth.filter(([, r]) => r !== shunned)]
    const strict = {
      ...schemas,
      [STATUS]: {
        $nsid: STATUS,
        $safeParse: (value: unknown) => {
          const issue = { path: [], rule: 'new', expected: '', received: '', message: 'not any more' }
          return JSON.stringify(value) === shunned
            ? { success: false as const, issues: [issue] }
            : { success: true as const, value }
        },
      },
    }
    await using second = await run({
      ...options,
      schemas: strict,
      fingerprints: { [STATUS]: 'c', [LIKE]: 'b' },
    })
    const letters = await second.tap.store.deadLetters.list()
    expect(letters.map(({ uri, kind }) => `${kind} ${uri}`).sort()).toEqual(
      broken.map(([uri]) => `invalid ${uri}`).sort(),
    )
    expect(await replayed(second)).toEqual(others.map(([uri]) => uri).sort())
    // What a fresh fetch would not bring is taken back.
    const left = (await second.rows('rec'))
      .map(({ uri }) => String(uri))
      .filter((uri) => uri.includes(STATUS))
    expect(left.sort()).toEqual(others.map(([uri]) => uri).sort())
  })

  test('live traffic goes on while it runs, and the rows are those of the network', async () => {
    await using network = await setUp(`live ${dialect.name}`, 700)
    await using made = await dialect.fresh()
    const database = made.url
    const definitions = versioned({})
    const first = await run({ network, database, definitions })
    await first.tap.stop()
    await using second = await runTap({
      network,
      database,
      definitions: versioned({ [STATUS]: 1, [LIKE]: 1 }),
    })
    await network.waitForSubscribers(1)
    for (let i = 0; i < 60; i++) {
      for (const repo of network.repos) {
        const { rkey } = repo.create(STATUS, network.records.record(STATUS))
        if (i % 2 === 0) repo.delete(STATUS, rkey)
        const [some] = [...network.truth([LIKE]).keys()].filter((uri) => uri.includes(repo.did))
        const old = some?.slice(some.lastIndexOf('/') + 1)
        if (old !== undefined && i % 5 === 0) repo.delete(LIKE, old)
        else if (old !== undefined) repo.update(LIKE, old, network.records.record(LIKE))
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    await network.relayIdle()
    await second.tap.settled({ seq: network.relayStream.seq })
    await expectTruth(second, network.truth(ALL))
    expect((await replayed(second)).length).toBeGreaterThan(0)
  })
})

test('a replay that somebody asks for beside a running process is done by that process', async () => {
  await using network = await setUp('asked')
  const definitions = versioned({})
  await using running = await run({ network, definitions })
  const registry = new Registry(definitions, { schemas, collections: null })
  const { store } = running.tap
  const job = makeJob({ collections: [LIKE], dids: [], handlers: [], fresh: null }, registry)
  await submitJob(store, job, { owner: null, restart: false })
  await running.tap.settled()
  expect(await replayed(running)).toEqual([...network.truth([LIKE]).keys()].sort())
})

test('a process with other handlers than were asked for refuses, and says so', async () => {
  await using network = await setUp('other handlers', 5)
  await using running = await run({ network, definitions: versioned({}) })
  const registry = new Registry(versioned({ [LIKE]: 7 }), { schemas, collections: null })
  const job = makeJob({ collections: [LIKE], dids: [], handlers: [], fresh: null }, registry)
  const { store } = running.tap
  await submitJob(store, job, { owner: null, restart: false })
  await running.tap.settled()
  expect(JSON.parse((await store.meta.get('replay.last')) ?? '{}').error).toContain(
    'the replay is for handler like of version 7, and the process that runs has version 0',
  )
  expect(await replayed(running)).toEqual([])
})

test.each([1, 2500])(
  'killed in its transaction %i, the next process goes on: nothing twice, nothing left out',
  async (nth) => {
    await using network = await startNetwork({ seed: `kill replay ${nth}`, clock: 'system' })
    for (let i = 0; i < 6; i++) network.createRepo({ records: 800, collections: ALL })
    const database = tempDatabase()
    const first = await run({ network, database, definitions: versioned({}) })
    await first.tap.stop()
    const orders = JSON.stringify({ relay: network.relay, plc: network.plc, database, nth })
    const child = spawn(
      process.execPath,
      ['--conditions=lextap-source', 'test/support/replay-process.ts', orders],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    )
    await once(child, 'exit')
    expect(child.signalCode).toBe('SIGKILL')

    await using second = await runTap({
      network,
      database,
      definitions: versioned({ [STATUS]: 1, [LIKE]: 1 }),
    })
    expect(await openReplay(second.tap.store)).not.toBeNull()
    await second.tap.settled()
    expect(await replayed(second)).toEqual([...network.truth(ALL).keys()].sort())
    await expectTruth(second, network.truth(ALL))
  },
)
