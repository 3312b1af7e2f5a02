import { P256Keypair, Secp256k1Keypair, verifySignature } from '@atproto/crypto'
import { expect, test } from 'vitest'
import { type Curve, SigningKey } from './keys.ts'
import { Random } from './random.ts'

for (const curve of ['k256', 'p256'] satisfies Curve[]) {
  test(`${curve} keys and signatures are those of @atproto/crypto, byte for byte`, async () => {
    const random = new Random(curve)
    for (let i = 0; i < 20; i++) {
      const secret = random.bytes(32)
      const ours = new SigningKey(curve, secret)
      // We reduce a secret into the curve's range by adding one; the reference takes it as it is.
      const same = Buffer.from(
        (BigInt(`0x${Buffer.from(secret).toString('hex')}`) + 1n).toString(16).padStart(64, '0'),
        'hex',
      )
      const theirs = await (curve === 'k256' ? Secp256k1Keypair : P256Keypair).import(same)
      expect(ours.didKey).toBe(theirs.did())
      const message = random.bytes(random.int(300))
      const sig = ours.sign(message)
      expect(Buffer.from(sig).toString('hex')).toBe(Buffer.from(await theirs.sign(message)).toString('hex'))
      expect(await verifySignature(ours.didKey, message, sig)).toBe(true)
      const high = ours.sign(message, { highS: true })
      expect(await verifySignature(ours.didKey, message, high)).toBe(false)
      expect(await verifySignature(ours.didKey, message, high, { allowMalleableSig: true })).toBe(true)
    }
  })
}
