import { describe, expect, test } from 'vitest'
import { carOf, type RepoBytes, repoOf } from '../../test/support/repo-bytes.ts'
import { InvalidError, TemporaryError } from '../errors.ts'
import { cidToString } from './cid.ts'
import { WalkThread, type WalkThreadOptions } from './walk-thread.ts'
import { type Walked, walkHere } from './walking.ts'

const body = (i: number) => ({ $type: 'com.example.a', n: i, text: 'ä'.repeat(i % 50) })
const records = (count: number, from = 0) =>
  new Map(Array.from({ length: count }, (_, i) => [`com.example.${'abc'[i % 3]}/key${from + i}`, body(i)]))

async function* pieces(car: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < car.length; at += size) yield new Uint8Array(car.subarray(at, at + size))
}

async function all(walked: AsyncIterable<Walked>) {
  const found = new Map<string, string>()
  let commit: Walked['commit'] = null
  for await (const step of walked) {
    commit = step.commit
    for (const { collection, rkey, cid, block } of step.records)
      found.set(`${collection}/${rkey}`, `${cidToString(cid)} ${Buffer.from(block).toString('base64')}`)
  }
  return { found, commit }
}

const threads = (options: WalkThreadOptions = {}) => new WalkThread({ eager: true, ...options })

describe('walking in a thread', () => {
  test('gives the same commit and records as walking in place, whatever the size of the pieces', async () => {
    await using thread = threads()
    const car = repoOf(records(3000)).car
    const expected = await all(walkHere(pieces(car, 70_000)))
    expect(expected.found.size).toBe(3000)
    for (const size of [997, 70_000, car.length]) {
      const got = await all(thread.walk(pieces(car, size)))
      expect(got.found).toEqual(expected.found)
      expect({ ...got.commit }).toEqual({ ...expected.commit })
    }
  })

  test('one thread walks many repos at once, and each gets its own records', async () => {
    await using thread = threads()
    const repos = Array.from({ length: 8 }, (_, n) => repoOf(records(200 + n, n * 1000)))
    const got = await Promise.all(repos.map((repo) => all(thread.walk(pieces(repo.car, 5000)))))
    expect(got.map(({ found }) => [...found.keys()].sort())).toEqual(
      repos.map((repo) => [...repo.paths.keys()].sort()),
    )
  })

  test('records that come at the end only are all there, also when taken slowly', async () => {
    await using thread = threads()
    const repo = repoOf(records(4000))
    const car = reversed(repo)
    let count = 0
    for await (const step of thread.walk(pieces(car, 50_000))) {
      count += step.records.length
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(count).toBe(4000)
  })

  test('F3: what is wrong with a repo is told as if it were walked in place', async () => {
    await using thread = threads()
    const car = repoOf(records(500)).car
    const error = await all(thread.walk(pieces(car.subarray(0, car.length - 10), 4000))).catch((e) => e)
    const same = await all(walkHere(pieces(car.subarray(0, car.length - 10), 4000))).catch((e) => e)
    expect(error).toBeInstanceOf(InvalidError)
    expect([error.rule, error.message]).toEqual([same.rule, same.message])
    // The thread is as good as before.
    expect((await all(thread.walk(pieces(car, 4000)))).found.size).toBe(500)
  })

  test('F3: an empty body is refused, and one that breaks in the middle while more of it is under way', async () => {
    await using thread = threads()
    const nothing = async function* (): AsyncGenerator<Uint8Array, void, void> {}
    await expect(all(thread.walk(nothing()))).rejects.toMatchObject({ rule: 'F3' })
    const car = new Uint8Array(repoOf(records(4000)).car)
    car[Math.floor(car.length / 3)] = (car[Math.floor(car.length / 3)] ?? 0) ^ 1
    await expect(all(thread.walk(pieces(Buffer.from(car), 5000)))).rejects.toMatchObject({ rule: 'F3' })
    expect((await all(thread.walk(pieces(repoOf(records(50)).car, 5000)))).found.size).toBe(50)
  })

  test('an error of the body comes through, and the body is left when the taker leaves', async () => {
    await using thread = threads()
    const car = repoOf(records(500)).car
    const cut = async function* () {
      yield car.subarray(0, 1000)
      throw new Error('the line went dead')
    }
    await expect(all(thread.walk(cut()))).rejects.toThrow('the line went dead')

    const left = Promise.withResolvers<void>()
    const endless = async function* () {
      try {
        yield* pieces(car, 1000)
      } finally {
        left.resolve()
      }
    }
    for await (const step of thread.walk(endless())) if (step.records.length > 0) break
    await left.promise
  })

  test('the body is not read far ahead of the one who takes the records', async () => {
    await using thread = threads()
    const car = repoOf(new Map(Array.from({ length: 400 }, (_, i) => [`com.example.a/k${i}`, big(i)]))).car
    let read = 0
    const counted = async function* () {
      for await (const piece of pieces(car, 50_000)) {
        read += piece.length
        yield piece
      }
    }
    expect(car.length).toBeGreaterThan(8_000_000)
    const walked = thread.walk(counted())[Symbol.asyncIterator]()
    await walked.next()
    // Nobody takes the next step: another walk of the same thread runs to its end meanwhile.
    expect((await all(thread.walk(pieces(car, 50_000)))).found.size).toBe(400)
    expect(read).toBeLessThan(3_000_000)
    await walked.return?.()
  })

  test('a thread that dies fails the walks under way for now, is reported, and the next walk has a new one', async () => {
    const troubles: Error[] = []
    await using thread = threads({ onTrouble: (error) => troubles.push(error) })
    const car = repoOf(records(500)).car
    await all(thread.walk(pieces(car, 4000)))
    const stuck = Promise.withResolvers<void>()
    const waiting = async function* () {
      yield car.subarray(0, 1000)
      await stuck.promise
    }
    const walk = all(thread.walk(waiting())).catch((error) => error)
    await thread.terminate()
    expect(await walk).toBeInstanceOf(TemporaryError)
    stuck.resolve()
    expect(troubles).toHaveLength(1)
    expect((await all(thread.walk(pieces(car, 4000)))).found.size).toBe(500)
  })

  test('a few small repos need no thread', async () => {
    await using thread = new WalkThread()
    const car = repoOf(records(100)).car
    expect((await all(thread.walk(pieces(car, 4000)))).found.size).toBe(100)
    expect(thread.running).toBe(false)
    const large = repoOf(records(5000)).car
    expect((await all(thread.walk(pieces(large, 40_000)))).found.size).toBe(5000)
    expect(thread.running).toBe(true)
  })

  test('where many are coming, even the first small repo finds it started', async () => {
    await using thread = new WalkThread()
    thread.prepare()
    expect(thread.running).toBe(true)
    const car = repoOf(records(100)).car
    expect((await all(thread.walk(pieces(car, 4000)))).found.size).toBe(100)
    await thread.close()
    thread.prepare()
    expect(thread.running).toBe(false)
  })
})

const big = (i: number) => ({ ...body(i), text: `${i}`.padEnd(22_000, 'x') })

/** Blocks from the leaves up: no record is proven before the end. */
const reversed = ({ root, blocks }: RepoBytes) => carOf(root, [...blocks].reverse())
