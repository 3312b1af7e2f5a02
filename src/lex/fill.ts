/** What generated code fills defaults in with. Nothing is changed in place; what stays the same is not copied. */

/** A function of generated code that fills one kind of value in. */
type Fill = (value: never) => unknown

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

/** `fill(value)`. */
export function apply<T>(value: T, fill: (value: T) => unknown): unknown {
  return fill(value)
}

/** Fills each item of an array. */
export function itemsFill(fill: Fill): (value: unknown) => unknown {
  return (value) => replaceItems(value as never[], fill)
}

/** Fills a member of a union: `$type` → fill. Other members stay as they are. */
export function memberFill(fills: Readonly<Record<string, Fill>>): (value: unknown) => unknown {
  return (value) => {
    const { $type } = value as { readonly $type: string }
    return Object.hasOwn(fills, $type) ? fills[$type]?.(value as never) : value
  }
}

/** Fills an object that is no definition: its defaults, and what fills its other fields. */
export function fieldsFill(
  defaults: Readonly<Record<string, unknown>>,
  fills: Readonly<Record<string, Fill>>,
): (value: unknown) => unknown {
  return (value) => {
    const now = value as Record<string, unknown>
    const has = (key: string) => Object.hasOwn(now, key) && now[key] !== undefined
    let out = now
    for (const [key, fallback] of Object.entries(defaults)) if (!has(key)) out = { ...out, [key]: fallback }
    for (const [key, fill] of Object.entries(fills))
      if (has(key) && now[key] !== null) out = replace(out, key, fill(now[key] as never))
    return out
  }
}
