/** A copy in memory that nothing else shares, for `giveBack`. */
export function ownCopy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const own = new Uint8Array(bytes.length)
  own.set(bytes)
  return own
}

/** Frees the memory of a copy at once. Views of it are empty from then on. */
export function giveBack(own: Uint8Array<ArrayBuffer>): void {
  own.buffer.transfer(0)
}
