import { expect, test } from 'vitest'
import { listener } from '../../test/support/observer.ts'
import { frameOf } from '../testing/event.ts'
import { Lag } from './lag.ts'

const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const NOON = Date.parse('2026-01-01T12:00:00.000Z')
const account = (time: string) => frameOf({ kind: 'account', did: DID, active: true, time }, 1)

test('it is the age of what was read last, and a look a second', async () => {
  const observer = listener()
  let now = NOON
  const lag = new Lag(observer, () => now)
  expect(lag.ms).toBeNull()
  lag.read(account('2026-01-01T11:58:30.000Z'))
  expect(lag.ms).toBe(90_000)
  lag.read(account('2026-01-01T12:00:00.000Z'))
  expect(lag.ms).toBe(90_000)
  now += 1000
  lag.read(account('2026-01-01T12:00:00.500Z'))
  expect(lag.ms).toBe(500)
  expect(await observer.metrics.registry.metrics()).toMatch(/^lextap_lag_seconds 0\.5$/m)
})

test('what tells no time changes nothing, and a time of the future is no lag', () => {
  const lag = new Lag(listener(), () => NOON)
  for (const frame of [
    account('soon'),
    new Uint8Array(),
    new Uint8Array([1, 2, 3]),
    account('').subarray(0, 40),
  ])
    lag.read(frame)
  expect(lag.ms).toBeNull()
  lag.read(account('2026-01-01T12:00:01.000Z'))
  expect(lag.ms).toBe(0)
})
