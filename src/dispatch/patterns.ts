/** `ns.*` names every collection below `ns`, `*` every one, anything else itself. */
export function matches(pattern: string, collection: string): boolean {
  if (pattern === '*' || pattern === collection) return true
  return pattern.endsWith('.*') && collection.startsWith(pattern.slice(0, -1))
}

/** The value of the most specific pattern: the NSID itself, else the longest wildcard. */
export function mostSpecific<T>(values: Readonly<Record<string, T>>, collection: string): T | undefined {
  let best: string | undefined
  for (const pattern of Object.keys(values)) {
    if (!matches(pattern, collection)) continue
    if (pattern === collection) return values[pattern]
    if (best === undefined || pattern.length > best.length) best = pattern
  }
  return best === undefined ? undefined : values[best]
}
