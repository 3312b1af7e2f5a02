import { expect, test } from 'vitest'
import { Lanes } from './lanes.ts'

const turns = async (n: number) => {
  for (let i = 0; i < n; i++) await Promise.resolve()
}

/** Small seeded generator (mulberry32); a failing seed is in the test's name. */
function seeded(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

test('A11: tasks of one key run one after another, in order', async () => {
  const lanes = new Lanes<string>({ concurrency: 8, maxQueued: 100 })
  const log: string[] = []
  for (let i = 0; i < 5; i++) {
    await lanes.push('a', async () => {
      log.push(`+${i}`)
      await turns(5 - i)
      log.push(`-${i}`)
    })
  }
  await lanes.idle()
  expect(log.join(' ')).toBe('+0 -0 +1 -1 +2 -2 +3 -3 +4 -4')
})

test('A11: tasks of different keys run side by side, up to the concurrency', async () => {
  const lanes = new Lanes<number>({ concurrency: 3, maxQueued: 100 })
  const gate = Promise.withResolvers<void>()
  const started: number[] = []
  for (let key = 0; key < 5; key++) {
    await lanes.push(key, () => {
      started.push(key)
      return gate.promise
    })
  }
  expect(started).toEqual([0, 1, 2])
  expect(lanes.size).toBe(5)
  gate.resolve()
  await lanes.idle()
  expect(started).toEqual([0, 1, 2, 3, 4])
})

test('push waits while the bound is reached, and goes on in order', async () => {
  const lanes = new Lanes<string>({ concurrency: 1, maxQueued: 2 })
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>())
  const accepted: number[] = []
  const pushes = gates.map((gate, i) => lanes.push('a', () => gate.promise).then(() => accepted.push(i)))
  await turns(10)
  expect(accepted).toEqual([0, 1])
  expect(lanes.size).toBe(2)
  gates[0]?.resolve()
  await turns(10)
  expect(accepted).toEqual([0, 1, 2])
  for (const gate of gates) gate.resolve()
  await Promise.all(pushes)
  await lanes.idle()
  expect(accepted).toEqual([0, 1, 2, 3])
})

test('run gives the result or the error to its caller, and the lane goes on', async () => {
  const lanes = new Lanes<string>({ concurrency: 2, maxQueued: 10 })
  const failed = lanes.run('a', async () => {
    throw new Error('mine')
  })
  const sync = lanes.run('a', () => {
    throw new Error('before waiting')
  })
  const after = lanes.run('a', async () => 3)
  await expect(failed).rejects.toThrow('mine')
  await expect(sync).rejects.toThrow('before waiting')
  expect(await after).toBe(3)
})

test('a pushed task that throws reaches onError with its key, and the lane goes on', async () => {
  const errors: [unknown, string][] = []
  const lanes = new Lanes<string>({
    concurrency: 2,
    maxQueued: 10,
    onError: (error, key) => errors.push([(error as Error).message, key]),
  })
  await lanes.push('a', async () => {
    throw new Error('one')
  })
  await lanes.push('a', () => {
    throw new Error('two')
  })
  expect(await lanes.run('a', () => 'still here')).toBe('still here')
  expect(errors).toEqual([
    ['one', 'a'],
    ['two', 'a'],
  ])
})

test('an onError that throws itself does not stop the lane', async () => {
  const lost: unknown[] = []
  const listeners = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  const seen = Promise.withResolvers<void>()
  process.once('unhandledRejection', (error) => {
    lost.push((error as Error).message)
    seen.resolve()
  })
  try {
    const lanes = new Lanes<string>({
      concurrency: 1,
      maxQueued: 10,
      onError: () => {
        throw new Error('reporter broke')
      },
    })
    await lanes.push('a', () => Promise.reject(new Error('x')))
    expect(await lanes.run('a', () => 1)).toBe(1)
    await seen.promise
    expect(lost).toEqual(['reporter broke'])
  } finally {
    for (const listener of listeners) process.on('unhandledRejection', listener)
  }
})

test('without onError a failure is loud', async () => {
  const listeners = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  const seen = Promise.withResolvers<unknown>()
  process.once('unhandledRejection', (error) => seen.resolve(error))
  try {
    const lanes = new Lanes<string>({ concurrency: 1, maxQueued: 10 })
    await lanes.push('a', () => Promise.reject(new Error('loud')))
    expect(((await seen.promise) as Error).message).toBe('loud')
  } finally {
    for (const listener of listeners) process.on('unhandledRejection', listener)
  }
})

test('a busy key does not starve the others', async () => {
  const lanes = new Lanes<string>({ concurrency: 1, maxQueued: 100 })
  const gate = Promise.withResolvers<void>()
  const log: string[] = []
  await lanes.push('busy', () => gate.promise)
  for (let i = 0; i < 4; i++) await lanes.push('busy', async () => void log.push('busy'))
  await lanes.push('quiet', async () => void log.push('quiet'))
  gate.resolve()
  await lanes.idle()
  expect(log).toEqual(['quiet', 'busy', 'busy', 'busy', 'busy'])
})

test('no memory is left per idle key', async () => {
  const lanes = new Lanes<number>({ concurrency: 4, maxQueued: 16 })
  for (let key = 0; key < 10_000; key++) await lanes.push(key, () => Promise.resolve())
  await lanes.idle()
  expect([lanes.keys, lanes.size]).toEqual([0, 0])
})

test('idle resolves at once when there is nothing, and for every waiter', async () => {
  const lanes = new Lanes<string>({ concurrency: 1, maxQueued: 1 })
  await lanes.idle()
  const gate = Promise.withResolvers<void>()
  await lanes.push('a', () => gate.promise)
  let over = false
  const waiters = Promise.all([lanes.idle(), lanes.idle()]).then(() => {
    over = true
  })
  await turns(5)
  expect(over).toBe(false)
  gate.resolve()
  await waiters
})

test('close finishes what was accepted and refuses what was not', async () => {
  const lanes = new Lanes<string>({ concurrency: 1, maxQueued: 2 })
  const gate = Promise.withResolvers<void>()
  const done: number[] = []
  await lanes.push('a', () => gate.promise)
  await lanes.push('a', async () => void done.push(2))
  const waiting = lanes.push('a', async () => void done.push(3))
  const running = lanes.run('b', async () => void done.push(4))
  const refusals = Promise.allSettled([waiting, running])
  const closing = lanes.close()
  expect((await refusals).map((r) => r.status)).toEqual(['rejected', 'rejected'])
  await expect(lanes.push('c', async () => {})).rejects.toMatchObject({ code: 'closed' })
  gate.resolve()
  await closing
  await lanes.close()
  expect(done).toEqual([2])
})

test('a task may push without waiting from inside a lane', async () => {
  const lanes = new Lanes<string>({ concurrency: 2, maxQueued: 10 })
  const log: string[] = []
  await lanes.run('a', async () => {
    void lanes.push('a', async () => void log.push('later'))
    log.push('first')
  })
  await lanes.idle()
  expect(log).toEqual(['first', 'later'])
})

const seeds = process.env.SEED ? [Number(process.env.SEED)] : [1, 2, 3, 4, 5, 6, 7, 8]
test.each(seeds)('stress, SEED=%i: order, exclusion, bounds and nothing lost', async (seed) => {
  const random = seeded(seed)
  const pick = (n: number) => Math.floor(random() * n)
  const concurrency = 1 + pick(6)
  const maxQueued = 1 + pick(20)
  const errors: number[] = []
  const lanes = new Lanes<number>({ concurrency, maxQueued, onError: (e) => errors.push(e as number) })
  const handed = new Map<number, number[]>()
  const ran = new Map<number, number[]>()
  const busy = new Set<number>()
  let running = 0
  let expectedErrors = 0
  const calls: Promise<unknown>[] = []
  for (let i = 0; i < 2000; i++) {
    const key = pick(12)
    const waits = pick(4)
    const fails = random() < 0.1
    handed.set(key, [...(handed.get(key) ?? []), i])
    const task = async () => {
      expect(busy.has(key)).toBe(false)
      busy.add(key)
      expect(++running).toBeLessThanOrEqual(concurrency)
      expect(lanes.size).toBeLessThanOrEqual(maxQueued)
      await turns(waits)
      if (waits === 3) await new Promise((resolve) => setImmediate(resolve))
      ran.set(key, [...(ran.get(key) ?? []), i])
      running--
      busy.delete(key)
      if (fails) throw i
    }
    if (random() < 0.5) {
      if (fails) expectedErrors++
      const pushed = lanes.push(key, task)
      calls.push(pushed)
      if (random() < 0.7) await pushed
    } else {
      calls.push(
        lanes.run(key, task).then(
          () => expect(fails).toBe(false),
          (e) => expect(e).toBe(i),
        ),
      )
    }
    if (random() < 0.02) await lanes.idle()
  }
  await Promise.all(calls)
  await lanes.close()
  expect(ran).toEqual(handed)
  expect(errors.length).toBe(expectedErrors)
  expect([lanes.keys, lanes.size, running]).toEqual([0, 0, 0])
})
