/** A handler's call of `track`, or of `untrack`. */
export type FollowCall =
  | { readonly did: string; readonly follow: true }
  | { readonly did: string; readonly follow: false; readonly keepRows: boolean; readonly exclude: boolean }

/** What the calls of one transaction come to. */
export interface Following {
  /** Named by `track`, whatever came after: they are not excluded any more. */
  readonly named: readonly string[]
  /** Followed in the end. */
  readonly track: readonly string[]
  /** Not followed in the end. */
  readonly untrack: readonly { readonly did: string; readonly keepRows: boolean; readonly exclude: boolean }[]
}

/**
 * As if each call had been a transaction of its own, in this order: the last one of a DID wins, but who was excluded
 * stays so until a `track`. Pure.
 */
export function followingOf(calls: readonly FollowCall[]): Following {
  const last = new Map<string, FollowCall>()
  for (const call of calls) {
    const before = last.get(call.did)
    const excluded = before?.follow === false && before.exclude
    last.set(call.did, excluded && !call.follow ? { ...call, exclude: true } : call)
  }
  const named = new Set(calls.flatMap(({ did, follow }) => (follow ? [did] : [])))
  const ends = [...last.values()]
  return {
    named: [...named],
    track: ends.flatMap(({ did, follow }) => (follow ? [did] : [])),
    untrack: ends.filter((call) => !call.follow),
  }
}
