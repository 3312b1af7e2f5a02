import { expect, test } from 'vitest'
import { DueQueue } from './due-queue.ts'

test('things leave in the order they are due, and not before', () => {
  const queue = new DueQueue<{ due: number }>()
  expect([queue.size, queue.next, queue.take(Number.POSITIVE_INFINITY)]).toEqual([
    0,
    Number.POSITIVE_INFINITY,
    null,
  ])
  // Every number up to 997 once, in no order.
  for (let n = 0; n < 997; n++) queue.add({ due: (n * 361) % 997 })
  expect([queue.size, queue.next, queue.take(-1)]).toEqual([997, 0, null])
  const taken: number[] = []
  for (let now = 0; now < 400; now++) taken.push(queue.take(now)?.due ?? -1)
  // What comes while others left finds its place too.
  for (const due of [10, 400, 999]) queue.add({ due })
  for (let item = queue.take(1000); item !== null; item = queue.take(1000)) taken.push(item.due)
  expect(taken.slice(0, 400)).toEqual(Array.from({ length: 400 }, (_, n) => n))
  expect(taken.slice(400)).toEqual([10, 400, ...Array.from({ length: 597 }, (_, n) => 400 + n), 999])
  expect([queue.size, queue.next]).toEqual([0, Number.POSITIVE_INFINITY])
})
