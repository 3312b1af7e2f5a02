import { hash, verify } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { PublicKey } from './key.ts'
import { libsecp256k1 } from './secp256k1.ts'
import { SignatureThread } from './signature-thread.ts'

/** What verifies K-256 signatures in this process. P-256 is always OpenSSL's. */
export const k256Backend: 'libsecp256k1' | 'openssl' = libsecp256k1 === null ? 'openssl' : 'libsecp256k1'

/** One for the process, as the thread pool is. */
const thread = libsecp256k1 === null || availableParallelism() < 2 ? null : new SignatureThread(libsecp256k1)

/** Half the order of each curve: the greatest `s` there may be. */
const HALF_ORDER = {
  k256: Buffer.from('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0', 'hex'),
  p256: Buffer.from('7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8', 'hex'),
} as const

/**
 * Whether `sig` (64 bytes: r and s) is the key's signature of the sha-256 of `message`, in low-S form (B10).
 * Never throws: whatever is not a signature, DER included, is just not valid.
 */
export function verifySignature(
  key: PublicKey,
  message: Uint8Array,
  sig: Uint8Array,
  backend: 'libsecp256k1' | 'openssl' = k256Backend,
): boolean {
  if (sig.length !== 64 || !isLowS(key.curve, sig)) return false
  try {
    if (key.curve === 'k256' && backend === 'libsecp256k1' && libsecp256k1 !== null)
      return libsecp256k1.ecdsaVerify(sig, hash('sha256', message, 'buffer'), key.point)
    return verify('sha256', message, { key: key.keyObject, dsaEncoding: 'ieee-p1363' }, sig)
  } catch {
    // libsecp256k1 throws for r or s beyond the order of the curve.
    return false
  }
}

/**
 * As {@link verifySignature}, by another thread where there is one: OpenSSL's are the thread pool's (a K-256 signature
 * takes it seven times what all other checks of a commit take together), libsecp256k1 has a thread of ours.
 */
export function verifySignatureAside(
  key: PublicKey,
  message: Uint8Array,
  sig: Uint8Array,
  backend: 'libsecp256k1' | 'openssl' = k256Backend,
): boolean | Promise<boolean> {
  if (key.curve === 'k256' && backend === 'libsecp256k1' && thread === null)
    return verifySignature(key, message, sig, backend)
  if (sig.length !== 64 || !isLowS(key.curve, sig)) return false
  if (key.curve === 'k256' && backend === 'libsecp256k1' && thread !== null)
    return thread.verify({ point: key.point, digest: hash('sha256', message, 'buffer'), sig })
  return new Promise((resolve) => {
    try {
      verify('sha256', message, { key: key.keyObject, dsaEncoding: 'ieee-p1363' }, sig, (error, valid) =>
        resolve(error === null && valid),
      )
    } catch {
      resolve(false)
    }
  })
}

/** Both (r, s) and (r, n − s) verify; atproto allows the smaller s only. Not every backend checks that. */
function isLowS(curve: PublicKey['curve'], sig: Uint8Array): boolean {
  const half = HALF_ORDER[curve]
  for (let i = 0; i < 32; i++) {
    const difference = (sig[32 + i] as number) - (half[i] as number)
    if (difference !== 0) return difference < 0
  }
  return true
}
