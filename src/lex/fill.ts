/** What generated code fills defaults in with. Nothing is changed in place; what stays the same is not copied. */

/** `target` with `key` set; `target` itself when it has that value already. */
export function replace<T extends object>(target: T, key: string, value: unknown): T {
  return (target as Record<string, unknown>)[key] === value ? target : { ...target, [key]: value }
}

/** The items with `fill` applied; the same array when no item changed. */
export function replaceItems<T>(items: readonly T[], fill: (item: T) => unknown): unknown[] {
  let out: unknown[] = items as unknown[]
  for (const [i, item] of items.entries()) {
    const filled = fill(item)
    if (filled === item) continue
    if (out === items) out = [...items]
    out[i] = filled
  }
  return out
}

/** `fill(value)`, so that generated code can name a value it would otherwise repeat. */
export function apply<T>(value: T, fill: (value: T) => unknown): unknown {
  return fill(value)
}
