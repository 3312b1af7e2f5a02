/** A copy in memory that nothing else shares, for `giveBack`. */
export function ownCopy(bytes: Uint8Array): Buffer<ArrayBuffer> {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  own.set(bytes)
  return own
}

/** Frees the memory of a copy at once. Views of it are empty from then on. */
export function giveBack(own: Buffer<ArrayBuffer>): void {
  own.buffer.transfer(0)
}
