import { expect, test } from 'vitest'
import { SingleFlight } from './single-flight.ts'

test('callers of one key share a run, callers of another do not', async () => {
  const flights = new SingleFlight<string, number>()
  let runs = 0
  const gate = Promise.withResolvers<void>()
  const run = async () => {
    const mine = ++runs
    await gate.promise
    return mine
  }
  const all = Promise.all([flights.do('a', run), flights.do('a', run), flights.do('b', run)])
  expect(flights.size).toBe(2)
  gate.resolve()
  expect(await all).toEqual([1, 1, 2])
  expect(flights.size).toBe(0)
})

test('a failure reaches every caller and is not kept', async () => {
  const flights = new SingleFlight<string, number>()
  const fail = async (): Promise<number> => {
    throw new Error('down')
  }
  const both = await Promise.allSettled([flights.do('a', fail), flights.do('a', fail)])
  expect(both.map((r) => r.status)).toEqual(['rejected', 'rejected'])
  expect(await flights.do('a', async () => 7)).toBe(7)
})

test('a retry in the catch block starts a new run', async () => {
  const flights = new SingleFlight<string, number>()
  let runs = 0
  const flaky = async () => {
    if (++runs === 1) throw new Error('once')
    return runs
  }
  const value = await flights.do('a', flaky).catch(() => flights.do('a', flaky))
  expect(value).toBe(2)
})

test('one of several callers retries at once: it starts a new run, which the others do not end', async () => {
  const flights = new SingleFlight<string, number>()
  const gate = Promise.withResolvers<number>()
  let runs = 0
  const run = async () => {
    if (++runs === 1) throw new Error('once')
    return gate.promise
  }
  const first = flights.do('a', run).catch(() => flights.do('a', run))
  const second = flights.do('a', run).catch(() => 'gave up')
  expect(await second).toBe('gave up')
  expect([runs, flights.size]).toEqual([2, 1])
  const joined = flights.do('a', run)
  gate.resolve(5)
  expect(await Promise.all([first, joined])).toEqual([5, 5])
  expect(runs).toBe(2)
})

test('a run that throws before it waits is a rejection like any other', async () => {
  const flights = new SingleFlight<string, number>()
  const thrower = () => {
    throw new Error('at once')
  }
  await expect(flights.do('a', thrower)).rejects.toThrow('at once')
  expect(flights.size).toBe(0)
})

test('a caller that aborts leaves alone; the last one takes the run with it', async () => {
  const flights = new SingleFlight<string, number>()
  let inner: AbortSignal | undefined
  const gate = Promise.withResolvers<number>()
  const run = (signal: AbortSignal) => {
    inner = signal
    return gate.promise
  }
  const first = new AbortController()
  const second = new AbortController()
  const a = flights.do('k', run, first.signal)
  const b = flights.do('k', run, second.signal)
  first.abort(new Error('first leaves'))
  await expect(a).rejects.toThrow('first leaves')
  expect(inner?.aborted).toBe(false)
  second.abort(new Error('second leaves'))
  await expect(b).rejects.toThrow('second leaves')
  expect(inner?.aborted).toBe(true)
  expect(flights.size).toBe(0)
  // The abandoned run is not joined by whoever comes next.
  expect(await flights.do('k', async () => 1)).toBe(1)
  gate.resolve(0)
})

test('an aborted caller starts nothing', async () => {
  const flights = new SingleFlight<string, number>()
  const aborted = AbortSignal.abort(new Error('no'))
  await expect(flights.do('a', async () => 1, aborted)).rejects.toThrow('no')
  expect(flights.size).toBe(0)
})
