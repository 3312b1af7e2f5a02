/** Who waits for a block: the header for the commit, a node for its subtrees and records. */
export type Want = { readonly kind: 'commit'; next: Want | null } | Branch | Leaf

/** A subtree and the keys it may hold: `after < key < before`, all on `layer` (−1: the root, not known yet). */
export interface Branch {
  readonly kind: 'branch'
  readonly layer: number
  readonly after: string
  readonly before: string
  next: Want | null
}

export interface Leaf {
  readonly kind: 'leaf'
  readonly collection: string
  readonly rkey: string
  next: Want | null
}

/** Whether the keys of `a` come before those of `b`; a leaf and the subtree after it have one place. */
export function comesBefore(a: Want, b: Want): boolean {
  const [left, right] = [placeOf(a), placeOf(b)]
  return left === right ? a.kind === 'leaf' : left < right
}

function placeOf(want: Want): string {
  if (want.kind === 'commit') return ''
  return want.kind === 'leaf' ? `${want.collection}/${want.rkey}` : want.after
}

/** What is missing when a block is, in words. */
export function wantedBy(want: Want): string {
  if (want.kind === 'commit') return 'the commit'
  return want.kind === 'leaf' ? `record; path=${want.collection}/${want.rkey}` : `a node; layer=${want.layer}`
}
