import type {
  ColumnNode,
  ColumnUpdateNode,
  CompiledQuery,
  InsertQueryNode,
  OnConflictNode,
  OperationNode,
  PrimitiveValueListNode,
  QueryCompiler,
  QueryId,
  ReferenceNode,
  RootOperationNode,
  TableNode,
  ValueNode,
  ValuesNode,
} from 'kysely'

/** What an insert looks like without its values: names, and the lengths of lists before them. */
interface Shape {
  readonly table: string
  readonly parts: readonly (string | number)[]
  /** In the order of the text. */
  readonly values: readonly unknown[]
}

interface Known {
  readonly parts: Shape['parts']
  readonly sql: string
}

/** Tables remembered; names made up at run time must not fill the memory. */
const MAX_TABLES = 1000

/**
 * A query compiler that writes the text of an insert once: handlers make the same one for each record, and compiling it
 * is a sixth of what that costs (measured). Of each table the last shape is kept. Anything but plain values into named
 * columns, with or without `on conflict`, goes to Kysely's compiler as it is.
 */
export class InsertCompiler implements QueryCompiler {
  readonly #compiler: QueryCompiler
  readonly #known = new Map<string, Known>()

  constructor(compiler: QueryCompiler) {
    this.#compiler = compiler
  }

  compileQuery(node: RootOperationNode, queryId: QueryId): CompiledQuery {
    const shape = node.kind === 'InsertQueryNode' ? shapeOf(node) : null
    if (shape === null) return this.#compiler.compileQuery(node, queryId)
    const known = this.#known.get(shape.table)
    if (known !== undefined && equal(known.parts, shape.parts))
      return Object.freeze({ query: node, queryId, sql: known.sql, parameters: shape.values })
    const compiled = this.#compiler.compileQuery(node, queryId)
    if (equal(compiled.parameters, shape.values)) {
      if (this.#known.size >= MAX_TABLES) this.#known.clear()
      this.#known.set(shape.table, { parts: shape.parts, sql: compiled.sql })
    }
    return compiled
  }
}

function equal(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false
  return true
}

const INSERT: ReadonlySet<string> = new Set(['kind', 'into', 'columns', 'values', 'onConflict'])

/** Whether an insert says no more than its table, columns, values and `on conflict`, whatever Kysely adds to it one day. */
export const isPlainInsert = (node: InsertQueryNode): boolean => hasOnly(node, INSERT)

const CONFLICT: ReadonlySet<string> = new Set(['kind', 'columns', 'updates', 'doNothing'])

/** Null when there is more to it than we know of. */
function shapeOf(node: InsertQueryNode): Shape | null {
  const { into, columns, values, onConflict } = node
  if (into === undefined || columns === undefined || values?.kind !== 'ValuesNode' || !isPlainInsert(node))
    return null
  const parts: (string | number)[] = []
  const table = tableOf(into)
  const all = valuesOf(values as ValuesNode, columns.length)
  if (table === null || all === null) return null
  addColumns(columns, parts)
  parts.push((values as ValuesNode).values.length)
  if (onConflict !== undefined && !addConflict(onConflict, parts, all)) return null
  return { table, parts, values: all }
}

/** Whether everything that is set on a node is among these keys. */
export function hasOnly(node: OperationNode, keys: ReadonlySet<string>): boolean {
  for (const key in node) if (!keys.has(key) && node[key as keyof OperationNode] !== undefined) return false
  return true
}

/** One in another schema, or made of raw text, is left to Kysely. */
function tableOf({ kind, table }: TableNode): string | null {
  return kind === 'TableNode' && table.schema === undefined ? table.identifier.name : null
}

function addColumns(columns: readonly ColumnNode[], parts: (string | number)[]): void {
  parts.push(columns.length)
  for (const { column } of columns) parts.push(column.name)
}

/** Of rows that have a plain value for each column. */
function valuesOf({ values: rows }: ValuesNode, columns: number): unknown[] | null {
  const all: unknown[] = []
  for (const row of rows) {
    if (row.kind !== 'PrimitiveValueListNode') return null
    const { values } = row as PrimitiveValueListNode
    if (values.length !== columns) return null
    for (const value of values) all.push(value)
  }
  return all
}

function addConflict(node: OnConflictNode, parts: (string | number)[], values: unknown[]): boolean {
  const { columns, updates, doNothing } = node
  if (!hasOnly(node, CONFLICT)) return false
  if (columns === undefined) parts.push('any')
  else addColumns(columns, parts)
  if (doNothing === true) return updates === undefined
  if (updates === undefined) return false
  parts.push(updates.length)
  for (const update of updates) if (!addUpdate(update, parts, values)) return false
  return true
}

/** `column = value`, or `column = table.column`. */
function addUpdate(
  { column, value }: ColumnUpdateNode,
  parts: (string | number)[],
  values: unknown[],
): boolean {
  if (column.kind !== 'ColumnNode') return false
  parts.push((column as ColumnNode).column.name)
  if (value.kind === 'ValueNode') {
    if ((value as ValueNode).immediate === true) return false
    parts.push(0)
    values.push((value as ValueNode).value)
    return true
  }
  if (value.kind !== 'ReferenceNode') return false
  const { table, column: of } = value as ReferenceNode
  const from = table === undefined ? null : tableOf(table)
  if (from === null || of.kind !== 'ColumnNode') return false
  parts.push(1, from, of.column.name)
  return true
}
