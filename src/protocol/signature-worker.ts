/** The signature thread: verifies batches. Loaded by `signature-thread.ts` and nobody else. */
import { parentPort } from 'node:worker_threads'
import { libsecp256k1 } from './secp256k1.ts'
import { DIGEST, ITEM, POINT, verifyItem } from './signature-items.ts'

// Whoever started us goes on without.
if (libsecp256k1 === null) throw new Error('libsecp256k1 does not load in a thread')
const library = libsecp256k1

parentPort?.on('message', (items: Uint8Array) => {
  const count = items.length / ITEM
  const valid = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    const at = i * ITEM
    valid[i] = Number(
      verifyItem(library, {
        point: items.subarray(at, at + POINT),
        digest: items.subarray(at + POINT, at + POINT + DIGEST),
        sig: items.subarray(at + POINT + DIGEST, at + ITEM),
      }),
    )
  }
  parentPort?.postMessage(valid, [valid.buffer])
})
