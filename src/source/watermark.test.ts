import { expect, test } from 'vitest'
import { Watermark } from './watermark.ts'

test('A8: the watermark never passes an unfinished event', () => {
  const mark = new Watermark(null)
  const one = mark.begin(1)
  const two = mark.begin(2)
  const three = mark.begin(5)
  three()
  two()
  expect(mark.value).toBe(null)
  expect(mark.waitingOn).toBe(1)
  one()
  expect(mark.value).toBe(5)
  expect(mark.open).toBe(0)
})

test('A8: skipped events raise the watermark only once what is before them is done', () => {
  const mark = new Watermark(10)
  mark.skip(11)
  expect(mark.value).toBe(11)
  const open = mark.begin(12)
  for (let seq = 13; seq < 1000; seq++) mark.skip(seq)
  expect(mark.value).toBe(11)
  expect(mark.open).toBe(2)
  open()
  open()
  expect(mark.value).toBe(999)
})

test('A8: after any order of closings the watermark equals the lowest open seq minus what lies between', () => {
  let seed = 7
  const random = () => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    return seed / 0x7fffffff
  }
  const mark = new Watermark(0)
  const open = new Map<number, () => void>()
  let seq = 0
  for (let step = 0; step < 20_000; step++) {
    if (random() < 0.3) mark.skip(++seq)
    else if (random() < 0.55) open.set(++seq, mark.begin(seq))
    else {
      const keys = [...open.keys()].slice(0, 50)
      const key = keys[Math.floor(random() * keys.length)]
      if (key === undefined) continue
      open.get(key)?.()
      open.delete(key)
    }
    const lowest = open.keys().next().value
    expect(mark.value).toBe(lowest === undefined ? seq : lowest - 1)
  }
})
