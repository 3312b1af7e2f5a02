import type {
  BinaryOperationNode,
  ColumnNode,
  CompiledQuery,
  InsertQueryNode,
  OperationNode,
  ValuesItemNode,
  ValuesNode,
} from 'kysely'
import { hasOnly, isPlainInsert } from '../../insert-compiler.ts'
import { quote, type RowStatement } from '../../row-statements.ts'
import type { TableInfo } from '../../tables.ts'
import type { WireValue } from './wire.ts'

/** A write of one row that others of the same shape can be merged with into one statement. */
export interface MergeShape {
  readonly table: TableInfo
  /** The statement for one row. */
  readonly single: string
  /** The statement for many rows, one array parameter for each column. */
  readonly bulk: string
  /** An upsert as an insert, for rows that are new; null for everything else. */
  readonly fresh: string | null
  /** The insert as a `copy` of lines; null for other writes. */
  readonly copy: string | null
  readonly columns: number
  /** Parameters that identify the row: no two in one statement. Null when repeats do no harm. */
  readonly key: readonly number[] | null
  /** Whether the row's key is spelled as the database would spell it. Null when it always is. */
  readonly plain: ((row: readonly WireValue[]) => boolean) | null
}

/** What we know of an insert before the database answers. */
export interface KnownInsert {
  /** Rows it affects, whatever is in the table. */
  readonly rows: bigint
  readonly shape: MergeShape | null
  readonly table: TableInfo
  /**
   * For a `do update set` that says the inserted values again: after the row's own parameters, each must equal
   * the one at this place for the shape to hold.
   */
  readonly repeats: readonly number[]
}

const unnest = (table: TableInfo, columns: readonly string[]) =>
  `unnest(${columns.map((name, i) => `$${i + 1}::${table.columns.get(name)}[]`).join(', ')})`

/** Whether every column can travel as an array. */
const carried = (table: TableInfo, columns: readonly string[]) =>
  !table.triggered &&
  !table.reads &&
  columns.length > 0 &&
  columns.every((name) => (table.columns.get(name) ?? '') !== '')

/** Types of which one value has one spelling: elsewhere two rows of one statement may have one key, in any order. */
const PLAIN = new Set(['text', 'character varying', 'smallint', 'integer', 'bigint', 'bytea'])
const isPlain = (table: TableInfo, name: string) => PLAIN.has(table.columns.get(name) ?? '')

const INTEGER = /^(?:0|-?[1-9][0-9]*)$/
const ONE_SPELLING: Readonly<Record<string, (value: WireValue) => boolean>> = {
  smallint: isInteger,
  integer: isInteger,
  bigint: isInteger,
  bytea: (value) => Buffer.isBuffer(value),
}

function isInteger(value: WireValue): boolean {
  return typeof value === 'string' && INTEGER.test(value)
}

/** `'007'` is the integer 7, and `'\\x07'` the byte of a buffer: as texts of a key they would be two rows. */
function plainKeys(table: TableInfo, keys: readonly string[], first: number): MergeShape['plain'] {
  const checks = keys.map((name) => ONE_SPELLING[table.columns.get(name) ?? ''])
  if (checks.every((check) => check === undefined)) return null
  return (row) => checks.every((check, i) => check === undefined || check(row[first + i] ?? null))
}

/** Whether a plain insert fails exactly where `on conflict (…)` would find a row: else that clause itself may be refused. */
const isUnique = (table: TableInfo, key: readonly string[]): boolean =>
  table.unique.some((columns) => columns.length === key.length && columns.every((name) => key.includes(name)))

const list = (columns: readonly string[]) => columns.map(quote).join(', ')

function insertShape(
  table: TableInfo,
  columns: readonly string[],
  single: string,
  tail: string,
  key: readonly string[] | null,
  set: readonly string[],
): MergeShape | null {
  if (!carried(table, columns) || set.some((name) => table.late.has(name))) return null
  const places = key?.map((name) => columns.indexOf(name)) ?? null
  if (places?.includes(-1)) return null
  const into = `${quote(table.name)} (${list(columns)})`
  const fresh = `insert into ${into} select * from ${unnest(table, columns)}`
  return {
    table,
    single,
    bulk: `${fresh} ${tail}`,
    fresh: key !== null && isUnique(table, key) ? fresh : null,
    copy: `copy ${into} from stdin`,
    columns: columns.length,
    key: places,
    // A row that comes twice is refused there, and everything done again one by one.
    plain: null,
  }
}

/** The shape of a row writer's statement; null when each row has to go alone. */
export function shapeOfRow(statement: RowStatement): MergeShape | null {
  const { kind, table, columns, keys, nulls, text, tail } = statement
  if (kind === 'insert' || kind === 'upsert') {
    const set = kind === 'insert' ? [] : columns.filter((name) => !keys.includes(name))
    return insertShape(table, columns, text, tail, kind === 'insert' ? null : keys, set)
  }
  const all = [...columns, ...keys]
  // A patch that moves rows to another key depends on what came before it.
  if (
    keys.length === 0 ||
    !carried(table, all) ||
    (kind === 'update' && !keys.every((name) => isPlain(table, name))) ||
    columns.some((name) => keys.includes(name) || nulls.includes(name)) ||
    // Merged, they would be made in any order, and one may be in the way of another.
    (kind === 'update' && columns.some((name) => table.distinct.has(name)))
  ) {
    return null
  }
  const place = (i: number) => `v.c${i}`
  const target = quote(table.name)
  const where = [
    ...keys.map((name, i) => `${target}.${quote(name)} = ${place(columns.length + i)}`),
    ...nulls.map((name) => `${target}.${quote(name)} is null`),
  ].join(' and ')
  const source = `${unnest(table, all)} as v(${all.map((_, i) => `c${i}`).join(', ')})`
  const set = columns.map((name, i) => `${quote(name)} = ${place(i)}`).join(', ')
  return {
    table,
    single: text,
    fresh: null,
    copy: null,
    bulk:
      kind === 'update'
        ? `update ${target} set ${set} from ${source} where ${where}`
        : `delete from ${target} using ${source} where ${where}`,
    columns: all.length,
    key: kind === 'update' ? keys.map((_, i) => columns.length + i) : null,
    plain: kind === 'update' ? plainKeys(table, keys, columns.length) : null,
  }
}

/**
 * What an insert through Kysely will affect, when that can be told: plain values, no triggers, and on
 * conflict nothing, an error or an update. Its handler then need not wait for the answer.
 */
export function knownInsert(
  query: CompiledQuery,
  tables: ReadonlyMap<string, TableInfo>,
): KnownInsert | null {
  const node = query.query
  if (node.kind !== 'InsertQueryNode' || !isPlainInsert(node)) return null
  const table = tables.get(node.into?.table.identifier.name ?? '')
  if (table === undefined || table.triggered || node.into?.table.schema !== undefined) return null
  const { values, onConflict: conflict } = node
  if (values?.kind !== 'ValuesNode') return null
  const rows = (values as ValuesNode).values
  if (conflict !== undefined && (conflict.updates === undefined || !hasOnly(conflict, CONFLICT))) return null
  if (!rows.every(isPlainRow) || !(conflict?.updates ?? []).every(({ value }) => isPlainValue(value)))
    return null
  const known = { rows: BigInt(rows.length), table, shape: null, repeats: [] }
  const columns = (node.columns ?? []).map((column) => column.column.name)
  if (rows.length !== 1 || rows[0]?.kind !== 'PrimitiveValueListNode') return known
  const marker = ` values (${columns.map((_, i) => `$${i + 1}`).join(', ')})`
  const at = query.sql.indexOf(marker)
  const end = conflictEnd(query, columns, query.sql.slice(at + marker.length))
  if (at < 0 || end === null) return known
  const single = `${query.sql.slice(0, at + marker.length)}${end.tail}`
  return {
    ...known,
    shape: insertShape(table, columns, single, end.tail, end.key, end.set),
    repeats: end.repeats,
  }
}

/** All that an `on conflict` may be about: no `updateWhere`, which makes the number of rows unknown. */
const CONFLICT = new Set(['kind', 'columns', 'constraint', 'indexExpression', 'indexWhere', 'updates'])

/** Values and columns of the row itself: anything else may read what was written before, which must be there then. */
const PLAIN_NODES = new Set(['ValueNode', 'ReferenceNode', 'DefaultInsertValueNode'])
function isPlainValue(node: OperationNode): boolean {
  if (node.kind !== 'BinaryOperationNode') return PLAIN_NODES.has(node.kind)
  const { leftOperand, operator, rightOperand } = node as BinaryOperationNode
  return operator.kind === 'OperatorNode' && isPlainValue(leftOperand) && isPlainValue(rightOperand)
}
const isPlainRow = (row: ValuesItemNode): boolean =>
  row.kind === 'PrimitiveValueListNode' || row.values.every(isPlainValue)

interface ConflictEnd {
  /** What follows the values, without parameters. */
  readonly tail: string
  readonly key: readonly string[] | null
  /** Columns that the row which is there gets anew. */
  readonly set: readonly string[]
  readonly repeats: readonly number[]
}

/** The end of an insert, when it means the same for each of many rows; null when it does not. */
function conflictEnd(query: CompiledQuery, columns: readonly string[], tail: string): ConflictEnd | null {
  const { onConflict: conflict } = query.query as InsertQueryNode
  const extra = query.parameters.length - columns.length
  if (conflict === undefined) return extra === 0 ? { tail, key: null, set: [], repeats: [] } : null
  const key = conflict.columns?.map((column) => column.column.name)
  if (key === undefined || conflict.indexWhere !== undefined) return null
  const updates = conflict.updates ?? []
  const names = updates.map(({ column }) =>
    column.kind === 'ColumnNode' ? (column as ColumnNode).column.name : '',
  )
  if (names.includes('')) return null
  // Anything but a column might look at other rows, and would see fewer of them one by one.
  if (extra === 0)
    return updates.every(({ value }) => value.kind === 'ReferenceNode')
      ? { tail, key, set: names, repeats: [] }
      : null
  // `do update set text = $8` with the value that was inserted as text says `excluded.text`.
  if (!updates.every(({ value }) => value.kind === 'ValueNode')) return null
  const repeats = names.map((name) => columns.indexOf(name))
  if (names.length !== extra || repeats.includes(-1)) return null
  const set = names.map((name) => `${quote(name)} = excluded.${quote(name)}`).join(', ')
  return { tail: ` on conflict (${list(key)}) do update set ${set}`, key, set: names, repeats }
}
