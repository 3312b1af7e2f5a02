import { afterEach, expect, test, vi } from 'vitest'
import type { HandlerDefinition } from '../../src/dispatch/handler.ts'
import { startNetwork } from '../../src/testing/index.ts'
import { anySchema, put } from '../support/plain-handlers.ts'
import { runTap } from '../support/run-tap.ts'
import { STATUS, status } from './consumer.ts'

const soon = { timeout: 15_000 }
const HOUR = 3_600_000
afterEach(() => void vi.restoreAllMocks())

/** Lets the clock that health looks at run ahead, without waiting. */
function clock(): { pass: (ms: number) => void } {
  const now = performance.now.bind(performance)
  let ahead = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now() + ahead)
  return {
    pass(ms) {
      ahead += ms
    },
  }
}

test('health fails when work waits and nothing is finished, and is well again with the next step', async () => {
  await using network = await startNetwork({ seed: 'stuck', clock: 'system' })
  const repo = network.createRepo({ records: 0 })
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const stuck: HandlerDefinition = {
    ...{ kind: 'record', pattern: STATUS, schemas: [anySchema(STATUS)] },
    handlers: {
      async put(event, context) {
        begun.resolve()
        await gate.promise
        await put(event, context)
      },
    },
  }
  await using running = await runTap({
    ...{ network, definitions: [stuck] },
    config: {
      server: { port: 0 },
      track: { dids: [repo.did] },
      handling: { attempts: 1, timeoutMs: HOUR / 4 },
    },
  })
  await running.tap.settled()
  const ask = async () => {
    const answer = await fetch(`${running.tap.serverUrl}/health`)
    return [answer.status, await answer.json()]
  }
  const { pass } = clock()
  const well = [200, { status: 'ok' }]
  await ask()
  pass(HOUR)
  // Nothing to do is healthy, however long.
  expect(await ask()).toEqual(well)
  repo.create(STATUS, status('1'))
  repo.create(STATUS, status('2'))
  await begun.promise
  expect(await ask()).toEqual(well)
  // A handler may take its time.
  pass(HOUR / 4)
  expect(await ask()).toEqual(well)
  pass(HOUR)
  const message = expect.stringMatching(/^stream: nothing was finished for 4\d\d\d s, [12] under way$/)
  expect(await ask()).toEqual([503, { status: 'stuck', message }])
  gate.resolve()
  await expect.poll(ask, soon).toEqual(well)
  await expect.poll(async () => (await running.rows('rec')).length, soon).toBe(2)
})
