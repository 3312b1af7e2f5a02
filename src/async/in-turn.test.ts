import { expect, test } from 'vitest'
import { inTurn } from './in-turn.ts'

test('every step is taken in its turn, and the first error is told at the end', async () => {
  const taken: number[] = []
  const step = (n: number, fails: boolean) => async () => {
    await new Promise(setImmediate)
    taken.push(n)
    if (fails) throw new Error(`step ${n}`)
  }
  await inTurn([step(1, false), step(2, false)])
  await expect(inTurn([step(3, false), step(4, true), step(5, true), step(6, false)])).rejects.toThrow(
    'step 4',
  )
  expect(taken).toEqual([1, 2, 3, 4, 5, 6])
})
