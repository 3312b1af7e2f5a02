import { expect, test } from 'vitest'
import { abortable, anySignal, isAbort, sleep } from './signal.ts'

test('sleep ends with the signal, with its reason', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const slept = sleep(1_000_000, controller.signal)
  controller.abort(reason)
  await expect(slept).rejects.toBe(reason)
})

test('sleep does not begin under an aborted signal', async () => {
  const reason = new Error('before')
  await expect(sleep(1_000_000, AbortSignal.abort(reason))).rejects.toBe(reason)
})

test('sleep leaves no listener behind', async () => {
  const controller = new AbortController()
  let listeners = 0
  const { signal } = controller
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = ((...args: Parameters<typeof add>) => {
    listeners++
    add(...args)
  }) as typeof signal.addEventListener
  signal.removeEventListener = ((...args: Parameters<typeof remove>) => {
    listeners--
    remove(...args)
  }) as typeof signal.removeEventListener
  await sleep(0, signal)
  await abortable(Promise.resolve(1), signal)
  await Promise.resolve()
  expect(listeners).toBe(0)
})

test('abortable gives the outcome of the promise', async () => {
  const { signal } = new AbortController()
  expect(await abortable(Promise.resolve(1), signal)).toBe(1)
  await expect(abortable(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
  expect(await abortable(Promise.resolve(2), undefined)).toBe(2)
})

test('abortable leaves a promise that never settles', async () => {
  const controller = new AbortController()
  const waiting = abortable(new Promise(() => {}), controller.signal)
  controller.abort(new Error('left'))
  await expect(waiting).rejects.toThrow('left')
  await expect(abortable(new Promise(() => {}), controller.signal)).rejects.toThrow('left')
})

test('anySignal aborts with the first and skips absent ones', () => {
  const a = new AbortController()
  const b = new AbortController()
  const any = anySignal(a.signal, undefined, null, b.signal)
  expect(any.aborted).toBe(false)
  const reason = new Error('b')
  b.abort(reason)
  expect(any.reason).toBe(reason)
  expect(anySignal(undefined, a.signal)).toBe(a.signal)
  expect(anySignal(undefined).aborted).toBe(false)
})

test('isAbort knows the reason of a signal and plain abort errors', () => {
  const reason = new Error('x')
  expect(isAbort(reason, AbortSignal.abort(reason))).toBe(true)
  expect(isAbort(new DOMException('x', 'AbortError'))).toBe(true)
  expect(isAbort(reason)).toBe(false)
})
