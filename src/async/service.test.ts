import { expect, test } from 'vitest'
import { Service } from './service.ts'
import { sleep } from './signal.ts'

const forever = (signal: AbortSignal) => sleep(2 ** 30, signal)

test('stop ends the loop and waits for it', async () => {
  let ended = false
  const service = new Service(async (signal) => {
    try {
      await forever(signal)
    } finally {
      await Promise.resolve()
      ended = true
    }
  })
  service.start()
  expect(service.state).toBe('running')
  await service.stop()
  expect(ended).toBe(true)
  expect(service.state).toBe('stopped')
  await service.done
})

test('start twice runs once; stop twice is fine', async () => {
  let runs = 0
  const service = new Service((signal) => {
    runs++
    return forever(signal)
  })
  service.start()
  service.start()
  await Promise.all([service.stop(), service.stop()])
  await service.stop()
  service.start()
  expect(runs).toBe(1)
})

test('stop before start: it never runs', async () => {
  let runs = 0
  const service = new Service(async () => {
    runs++
  })
  await service.stop()
  service.start()
  await service.done
  expect(runs).toBe(0)
})

test('done rejects with the error that ended the loop, stop does not', async () => {
  const service = new Service(async () => {
    throw new Error('broke')
  })
  const seen = expect(service.done).rejects.toThrow('broke')
  service.start()
  await seen
  await service.stop()
  expect(service.state).toBe('stopped')
})

test('an error while stopping is not hidden', async () => {
  const service = new Service(async (signal) => {
    await forever(signal).catch(() => {})
    throw new Error('could not save')
  })
  const seen = expect(service.done).rejects.toThrow('could not save')
  service.start()
  await service.stop()
  await seen
})

test('a loop that throws before it waits is an error like any other', async () => {
  const service = new Service(() => {
    throw new Error('at once')
  })
  const seen = expect(service.done).rejects.toThrow('at once')
  service.start()
  await seen
})

test('await using stops it', async () => {
  let aborted = false
  {
    await using service = new Service(async (signal) => {
      signal.addEventListener('abort', () => {
        aborted = true
      })
      await forever(signal)
    })
    service.start()
  }
  expect(aborted).toBe(true)
})
