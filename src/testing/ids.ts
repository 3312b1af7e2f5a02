import { hash } from 'node:crypto'

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const BASE32_SORTABLE = '234567abcdefghijklmnopqrstuvwxyz'
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Lower-case base32 without padding. */
export function base32(bytes: Uint8Array): string {
  let out = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      out += BASE32[(value >>> bits) & 31]
    }
  }
  return bits > 0 ? out + BASE32[(value << (5 - bits)) & 31] : out
}

export function base58(bytes: Uint8Array): string {
  let value = BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)
  let out = ''
  for (; value > 0n; value /= 58n) out = BASE58[Number(value % 58n)] + out
  for (const byte of bytes) {
    if (byte !== 0) break
    out = `1${out}`
  }
  return out
}

/** The TID of a time in microseconds since 1970; `clockId` 0…1023. */
export function tid(micros: number, clockId: number): string {
  let value = (BigInt(micros) << 10n) | BigInt(clockId & 1023)
  let out = ''
  for (let i = 0; i < 13; i++, value >>= 5n) out = BASE32_SORTABLE[Number(value & 31n)] + out
  return out
}

/** CIDv1, SHA-256, of a block: DAG-CBOR unless said otherwise. 36 bytes. */
export function cidOf(block: Uint8Array, codec: 0x71 | 0x55 = 0x71): Uint8Array {
  const cid = Buffer.allocUnsafe(36)
  cid[0] = 1
  cid[1] = codec
  cid[2] = 0x12
  cid[3] = 0x20
  cid.write(hash('sha256', block, 'hex'), 4, 'hex')
  return cid
}

export function cidText(cid: Uint8Array): string {
  return `b${base32(cid)}`
}

/** A did:plc that looks like a real one, derived from `seed`. */
export function plcDid(seed: string): string {
  return `did:plc:${base32(Buffer.from(hash('sha256', seed, 'hex'), 'hex')).slice(0, 24)}`
}
