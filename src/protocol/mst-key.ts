import { hash } from 'node:crypto'

/** Half the leading zero bits of the key's sha-256: the layer the key stands on, 0 to 128. */
export function keyDepth(key: string): number {
  const digest = hash('sha256', key, 'latin1')
  let depth = 0
  for (let i = 0; i < 32; i++) {
    const byte = digest.charCodeAt(i)
    if (byte === 0) {
      depth += 4
      continue
    }
    return depth + ((Math.clz32(byte) - 24) >> 1)
  }
  return depth
}

/** How many letters two keys begin with in common. */
export function commonPrefix(a: string, b: string): number {
  const most = Math.min(a.length, b.length)
  let i = 0
  while (i < most && a.charCodeAt(i) === b.charCodeAt(i)) i++
  return i
}
