import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { SigningKey } from '../testing/keys.ts'
import { parseKey } from './key.ts'
import { libsecp256k1 } from './secp256k1.ts'
import type { SignatureItem } from './signature-items.ts'
import { SignatureThread } from './signature-thread.ts'

if (libsecp256k1 === null) console.warn('skipped: libsecp256k1 does not load here')
const native = test.skipIf(libsecp256k1 === null)
const threadAfter = (after: number) =>
  new SignatureThread(libsecp256k1 as NonNullable<typeof libsecp256k1>, after)

const keys = Array.from({ length: 5 }, (_, i) => new SigningKey('k256', Buffer.alloc(32, i + 1)))
const points = keys.map((key) => parseKey(key.didKey).point)

/** Every third is signed by another key, every seventh is no signature at all. */
function items(count: number): { item: SignatureItem; valid: boolean }[] {
  return Array.from({ length: count }, (_, i) => {
    const message = Buffer.from(`message ${i}`)
    const digest = createHash('sha256').update(message).digest()
    const by = keys[(i + Number(i % 3 === 0)) % keys.length] as SigningKey
    const sig = i % 7 === 0 ? Buffer.alloc(64, 0xff) : by.sign(message)
    const point = points[i % keys.length] as Uint8Array
    return { item: { point, digest, sig }, valid: i % 3 !== 0 && i % 7 !== 0 }
  })
}

async function verifyAll(thread: SignatureThread, count: number): Promise<void> {
  const all = items(count)
  expect(await Promise.all(all.map(({ item }) => thread.verify(item)))).toEqual(all.map(({ valid }) => valid))
}

native('B10: each signature of a batch gets its own answer, in the thread as outside of it', async () => {
  const thread = threadAfter(100)
  await verifyAll(thread, 50)
  expect(thread.running).toBe(false)
  await verifyAll(thread, 200)
  expect(thread.running).toBe(true)
  await Promise.all([verifyAll(thread, 30), new Promise(setImmediate).then(() => verifyAll(thread, 40))])
  await thread.terminate()
})

native(
  'B10: what a thread that died had under way is verified all the same, and so is all that follows',
  async () => {
    const thread = threadAfter(1)
    await verifyAll(thread, 20)
    const underWay = verifyAll(thread, 300)
    await new Promise(setImmediate)
    await thread.terminate()
    await underWay
    expect(thread.running).toBe(false)
    await verifyAll(thread, 20)
  },
)

native('a signature that comes alone stays where it is', async () => {
  const thread = threadAfter(1)
  for (let i = 0; i < 5; i++) await verifyAll(thread, 1)
  expect(thread.running).toBe(false)
})
