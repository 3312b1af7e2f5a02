import { expect, test } from 'vitest'
import { Gate } from './gate.ts'

function worker(gate: Gate) {
  const inside = new Set<string>()
  const seen: string[] = []
  const ends = new Map<string, () => void>()
  return {
    inside,
    seen,
    start(name: string, alone: boolean): Promise<void> {
      return gate.run(alone, () => {
        inside.add(name)
        seen.push([...inside].join('+'))
        return new Promise<void>((resolve) => {
          ends.set(name, () => {
            inside.delete(name)
            resolve()
          })
        })
      })
    },
    async end(name: string): Promise<void> {
      await new Promise(setImmediate)
      ends.get(name)?.()
      await new Promise(setImmediate)
    },
  }
}

test('many are inside together; one who wants to be alone waits for them and holds up newcomers', async () => {
  const { start, end, seen } = worker(new Gate())
  const all = [start('a', false), start('b', false), start('alone', true), start('late', false)]
  await end('a')
  expect(seen).toEqual(['a', 'a+b'])
  await end('b')
  expect(seen).toEqual(['a', 'a+b', 'alone'])
  await end('alone')
  expect(seen).toEqual(['a', 'a+b', 'alone', 'late'])
  await end('late')
  await Promise.all(all)
})

test('two who want to be alone come one after the other', async () => {
  const { start, end, seen } = worker(new Gate())
  const all = [start('one', true), start('two', true)]
  await end('one')
  await end('two')
  await Promise.all(all)
  expect(seen).toEqual(['one', 'two'])
})

test('whoever throws lets the next one in', async () => {
  const gate = new Gate()
  const failed = gate.run(true, () => Promise.reject(new Error('no')))
  const after = gate.run(true, async () => 'in')
  await expect(failed).rejects.toThrow('no')
  expect(await after).toBe('in')
})
