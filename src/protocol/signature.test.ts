import { createHash, createPrivateKey, createPublicKey, ECDH, verify } from 'node:crypto'
import { toBase58Btc } from '@atcute/multibase'
import { verifySignature as atprotoVerify } from '@atproto/crypto'
import { describe, expect, test } from 'vitest'
import { fixture, fixtureJson, hasFixture } from '../../test/support/repo-bytes.ts'
import { SigningKey } from '../testing/keys.ts'
import { parseCar } from './car.ts'
import { decode } from './cbor.ts'
import { digestOfCid } from './cid.ts'
import { withoutSig } from './commit.ts'
import { didKeyOf, parseKey } from './key.ts'
import { k256Backend, verifySignature, verifySignatureAside } from './signature.ts'

const BACKENDS = ['libsecp256k1', 'openssl'] as const
const CURVES = ['k256', 'p256'] as const
const message = Buffer.from('a commit without its signature')
const keys = CURVES.map((curve) => new SigningKey(curve, Buffer.alloc(32, 5)))

test('the native backend is the addon itself, never the JavaScript its package falls back to', () => {
  const native = ['linux-x64', 'darwin-arm64', 'win32-x64'].includes(`${process.platform}-${process.arch}`)
  if (native) expect(k256Backend).toBe('libsecp256k1')
  else console.warn(`not checked: no prebuilt secp256k1 for ${process.platform}-${process.arch}`)
})

describe.skipIf(!hasFixture('interop/crypto'))('atproto crypto vectors', () => {
  interface Case {
    comment: string
    messageBase64: string
    didDocSuite: string
    publicKeyDid: string
    publicKeyMultibase: string
    signatureBase64: string
    validSignature: boolean
  }
  const cases = hasFixture('interop/crypto')
    ? fixtureJson<Case[]>('interop/crypto/signature-fixtures.json')
    : []
  for (const c of cases)
    for (const backend of BACKENDS)
      test(`B10: ${c.comment} (${backend})`, async () => {
        const fromDid = parseKey(c.publicKeyDid)
        const fromSuite = parseKey(c.publicKeyMultibase, c.didDocSuite)
        expect(fromSuite.did).toBe(c.publicKeyDid)
        const sig = Buffer.from(c.signatureBase64, 'base64')
        const bytes = Buffer.from(c.messageBase64, 'base64')
        for (const key of [fromDid, fromSuite]) {
          expect(verifySignature(key, bytes, sig, backend)).toBe(c.validSignature)
          expect(await verifySignatureAside(key, bytes, sig, backend)).toBe(c.validSignature)
        }
      })

  test('the w3c did:key vectors have the points of their private keys', () => {
    const k256 = fixtureJson<{ privateKeyBytesHex: string; publicDidKey: string }[]>(
      'interop/crypto/w3c_didkey_K256.json',
    )
    for (const { privateKeyBytesHex, publicDidKey } of k256) {
      const key = parseKey(publicDidKey)
      expect(key.curve).toBe('k256')
      expect(key.did).toBe(publicDidKey)
      const jwk = {
        kty: 'EC',
        crv: 'secp256k1',
        d: Buffer.from(privateKeyBytesHex, 'hex').toString('base64url'),
        ...xy(key.point),
      }
      expect(createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' })).equals(key.keyObject)).toBe(true)
    }
    const [p256] = fixtureJson<{ publicDidKey: string }[]>('interop/crypto/w3c_didkey_P256.json')
    expect(parseKey(p256?.publicDidKey ?? '').did).toBe(p256?.publicDidKey)
  })
})

const xy = (point: Uint8Array) => ({
  x: Buffer.from(point.subarray(1, 33)).toString('base64url'),
  y: Buffer.from(point.subarray(33)).toString('base64url'),
})

describe.each(keys)('$curve', (signer) => {
  const key = parseKey(signer.didKey)
  const sig = signer.sign(message)

  test('a signature verifies with every backend, and for @atproto/crypto too', async () => {
    for (const backend of BACKENDS) expect(verifySignature(key, message, sig, backend)).toBe(true)
    expect(await atprotoVerify(signer.didKey, message, sig)).toBe(true)
  })

  test('B10: the high-S twin is refused by every backend, though OpenSSL alone would take it', () => {
    const high = signer.sign(message, { highS: true })
    expect(verify('sha256', message, { key: key.keyObject, dsaEncoding: 'ieee-p1363' }, high)).toBe(true)
    for (const backend of BACKENDS) expect(verifySignature(key, message, high, backend)).toBe(false)
  })

  test('every flipped bit of a signature, and any other message, is refused', () => {
    for (const backend of BACKENDS) {
      for (let bit = 0; bit < 512; bit += 7) {
        const bad = Uint8Array.from(sig)
        bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(verifySignature(key, message, bad, backend)).toBe(false)
      }
      expect(verifySignature(key, Buffer.from('another'), sig, backend)).toBe(false)
    }
  })

  test('what is not a signature is invalid and does not throw', () => {
    const shapes = [0, 1, 63, 65, 70].map((length) => new Uint8Array(length))
    const edges = [
      new Uint8Array(64),
      new Uint8Array(64).fill(0xff),
      Uint8Array.from([...new Uint8Array(32).fill(0xff), ...sig.subarray(32)]),
    ]
    const zeroS = Uint8Array.from([...sig.subarray(0, 32), ...new Uint8Array(32)])
    const zeroR = Uint8Array.from([...new Uint8Array(32), ...sig.subarray(32)])
    for (const backend of BACKENDS)
      for (const bad of [...shapes, ...edges, zeroS, zeroR])
        expect(verifySignature(key, message, bad, backend)).toBe(false)
  })

  test('a key of the other curve does not verify it', () => {
    const other = keys.find(({ curve }) => curve !== signer.curve) as SigningKey
    expect(verifySignature(parseKey(other.didKey), message, sig)).toBe(false)
  })

  test('Multikey, did:key and the legacy types spell one key, compressed or not', () => {
    const type =
      signer.curve === 'k256' ? 'EcdsaSecp256k1VerificationKey2019' : 'EcdsaSecp256r1VerificationKey2019'
    const compressed = ECDH.convertKey(
      key.point,
      signer.curve === 'k256' ? 'secp256k1' : 'prime256v1',
      undefined,
      undefined,
      'compressed',
    ) as Buffer
    expect(parseKey(signer.didKey.slice(8), 'Multikey').did).toBe(signer.didKey)
    expect(didKeyOf(type, `z${toBase58Btc(key.point)}`)).toBe(signer.didKey)
    expect(didKeyOf(type, `z${toBase58Btc(compressed)}`)).toBe(signer.didKey)
    expect(parseKey(signer.didKey)).toBe(parseKey(signer.didKey))
  })
})

test('B10: keys that are not of our curves, off the curve or misspelt are refused', () => {
  const [k256] = keys as [SigningKey, SigningKey]
  const point = parseKey(k256.didKey).point
  const bent = Buffer.from(point)
  bent[64] = (bent[64] as number) ^ 1
  const codec = (bytes: Uint8Array, ...prefix: number[]) =>
    `did:key:z${toBase58Btc(Buffer.from([...prefix, ...bytes]))}`
  const compressed = k256.publicKey
  const refused = [
    ['', 'Multikey'],
    ['did:key:', 'Multikey'],
    ['did:key:z', 'Multikey'],
    ['did:key:f00', 'Multikey'],
    ['did:key:z0OIl', 'Multikey'],
    [`did:key:z${'2'.repeat(1_000_000)}`, 'Multikey'],
    [codec(compressed, 0xed, 0x01), 'Multikey'], // ed25519
    [codec(compressed.subarray(1), 0xe7, 0x01), 'Multikey'],
    [codec(Buffer.concat([compressed, Buffer.from([0])]), 0xe7, 0x01), 'Multikey'],
    [codec(Buffer.from([5, ...compressed.subarray(1)]), 0xe7, 0x01), 'Multikey'],
    [codec(point, 0xe7, 0x01), 'Multikey'], // a Multikey is compressed
    [codec(Buffer.from([2, ...new Uint8Array(32).fill(0xff)]), 0xe7, 0x01), 'Multikey'],
    [`z${toBase58Btc(bent)}`, 'EcdsaSecp256k1VerificationKey2019'],
    [`z${toBase58Btc(point)}`, 'Ed25519VerificationKey2018'],
    [`z${toBase58Btc(point)}`, 'constructor'],
    [`z${toBase58Btc(point)}`, '__proto__'],
    [
      `z${toBase58Btc(Buffer.from([6 + ((point[64] as number) & 1), ...point.subarray(1)]))}`,
      'EcdsaSecp256k1VerificationKey2019',
    ], // hybrid
  ] as const
  for (const [text, type] of refused) {
    expect(() => parseKey(text, type), `${type} ${text.slice(0, 60)}`).toThrow(
      expect.objectContaining({ rule: 'B10' }),
    )
    expect(didKeyOf(type, text)).toBeNull()
  }
})

describe.skipIf(!hasFixture('indigo'))('a real repo of an early host', () => {
  test('its signature is right by mathematics, and refused for being high-S', () => {
    const { verificationMethod } = fixtureJson<{
      verificationMethod: { type: string; publicKeyMultibase: string }[]
    }>('indigo/fakermaker.didDoc.json')
    const [method] = verificationMethod
    const key = parseKey(method?.publicKeyMultibase ?? '', method?.type)
    const { root, blocks } = parseCar(fixture('indigo/fakermaker.repo.car'))
    const block = blocks.get(digestOfCid(root)) as Uint8Array
    const { sig } = decode(block) as { sig: Uint8Array }
    expect(verify('sha256', withoutSig(block), { key: key.keyObject, dsaEncoding: 'ieee-p1363' }, sig)).toBe(
      true,
    )
    expect(verifySignature(key, withoutSig(block), sig)).toBe(false)
    // Turned to low-S it is one we take: the bytes it signs are the ones we cut out.
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const s = order - BigInt(`0x${Buffer.from(sig.subarray(32)).toString('hex')}`)
    const low = Buffer.concat([sig.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')])
    expect(verifySignature(key, withoutSig(block), low)).toBe(true)
    expect(createHash('sha256').update(block).digest('latin1')).toBe(digestOfCid(root))
  })
})

test('B10: aside as well as at once, nothing but the signature of these bytes is valid', async () => {
  for (const key of keys) {
    const parsed = parseKey(key.didKey)
    const sig = key.sign(message)
    const wrong = [
      key.sign(message, { highS: true }),
      key.sign(Buffer.from('another')),
      new Uint8Array(64),
      new Uint8Array(64).fill(0xff),
      sig.subarray(0, 63),
      Buffer.concat([sig, Buffer.alloc(1)]),
    ]
    for (const backend of BACKENDS) {
      expect(await verifySignatureAside(parsed, message, sig, backend)).toBe(true)
      for (const other of wrong)
        expect(await verifySignatureAside(parsed, message, other, backend)).toBe(false)
    }
  }
})
