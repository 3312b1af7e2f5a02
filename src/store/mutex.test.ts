import { expect, test } from 'vitest'
import { Mutex } from './mutex.ts'

test('turns are taken in the order they were asked for, one at a time', async () => {
  const mutex = new Mutex()
  const seen: string[] = []
  const work = async (name: string) => {
    seen.push(`${name} begins`)
    await new Promise(setImmediate)
    seen.push(`${name} ends`)
    return name
  }
  const results = await Promise.all(['a', 'b', 'c'].map((name) => mutex.run(() => work(name))))
  expect(results).toEqual(['a', 'b', 'c'])
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})

test('whoever throws gives the turn on', async () => {
  const mutex = new Mutex()
  const failed = mutex.run(() => {
    throw new Error('no')
  })
  const after = mutex.run(() => 'after')
  await expect(failed).rejects.toThrow('no')
  expect(await after).toBe('after')
})
