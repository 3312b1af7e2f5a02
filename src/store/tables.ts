/** What row writers know of one of the user's tables. */
export interface TableInfo {
  readonly name: string
  /** Column name → type, lower case; empty for one that a bulk statement cannot carry. */
  readonly columns: ReadonlyMap<string, string>
  /** Columns of the primary key, in key order; empty when there is none. */
  readonly key: readonly string[]
  /** Column sets of which each holds every row once, checked row by row. Only told where writes are merged (Postgres). */
  readonly unique: readonly (readonly string[])[]
  /** Columns that may not be changed in just any order: what they hold must differ from row to row. Likewise. */
  readonly distinct: ReadonlySet<string>
  /**
   * Columns that are checked when a statement ends and not row by row: several upserts that set them may pass in one
   * statement where the first alone would fail. Likewise.
   */
  readonly late: ReadonlySet<string>
  /** Tables that foreign keys tie together have the same number: their writes keep their order. */
  readonly family: number
  /** There are triggers around, or it refers to itself: a write may do more, or less, than it says. */
  readonly triggered: boolean
  /** A default, a check or the like may read other tables: a write must find there all that was written before. Likewise. */
  readonly reads: boolean
}

/** Joins tables that refer to each other; tables with triggers may write anywhere, so they are all one family. */
export function families(
  tables: readonly string[],
  references: readonly (readonly [from: string, to: string])[],
  triggered: ReadonlySet<string>,
): Map<string, number> {
  const parent = new Map(tables.map((name) => [name, name]))
  const root = (name: string): string => {
    let at = name
    for (let up = parent.get(at); up !== undefined && up !== at; up = parent.get(at)) at = up
    return at
  }
  const join = (a: string, b: string) => {
    if (parent.has(a) && parent.has(b)) parent.set(root(a), root(b))
  }
  for (const [from, to] of references) join(from, to)
  // A trigger reads and writes what it likes: with one around, everything keeps its order.
  if (triggered.size > 0) for (const name of tables) join(name, tables[0] ?? name)
  const numbers = new Map<string, number>()
  const family = new Map<string, number>()
  for (const name of tables) {
    const top = root(name)
    if (!numbers.has(top)) numbers.set(top, numbers.size)
    family.set(name, numbers.get(top) ?? 0)
  }
  return family
}
