/** DAG-CBOR of an MST node, written by hand: the shape is fixed and repos have many. */

const LINK = [0xd8, 0x2a, 0x58, 0x25, 0x00]

function head(out: number[], major: number, value: number): void {
  if (value < 24) out.push(major | value)
  else if (value < 0x100) out.push(major | 24, value)
  else if (value < 0x1_0000) out.push(major | 25, value >>> 8, value & 0xff)
  else out.push(major | 26, value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
}

function link(out: number[], cid: Uint8Array | null): void {
  if (cid === null) out.push(0xf6)
  else out.push(...LINK, ...cid)
}

/** Length of the common beginning of two ASCII strings. */
export function sharedPrefix(a: string, b: string): number {
  let n = 0
  while (n < a.length && n < b.length && a.charCodeAt(n) === b.charCodeAt(n)) n++
  return n
}

/**
 * `subs` has one more entry than `keys`. Prefixes are compressed as the specification wants unless
 * `prefixOf` says otherwise (malformed trees are made that way).
 */
export function nodeBlock(
  keys: readonly string[],
  values: readonly Uint8Array[],
  subs: readonly (Uint8Array | null)[],
  prefixOf: (previous: string, key: string) => number = sharedPrefix,
): Uint8Array {
  const out: number[] = [0xa2, 0x61, 0x65]
  head(out, 0x80, keys.length)
  let previous = ''
  keys.forEach((key, i) => {
    const shared = prefixOf(previous, key)
    const rest = Buffer.from(key.slice(shared), 'utf8')
    out.push(0xa4, 0x61, 0x6b)
    head(out, 0x40, rest.length)
    out.push(...rest, 0x61, 0x70)
    head(out, 0, shared)
    out.push(0x61, 0x74)
    link(out, subs[i + 1] ?? null)
    out.push(0x61, 0x76)
    link(out, values[i] as Uint8Array)
    previous = key
  })
  out.push(0x61, 0x6c)
  link(out, subs[0] ?? null)
  return Uint8Array.from(out)
}
