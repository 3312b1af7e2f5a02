import { UserError } from '../errors.ts'
import type { TableInfo } from './tables.ts'
import type { DialectName } from './types.ts'

/** One compiled write of a row: a table, a kind and a set of columns. */
export interface RowStatement {
  readonly kind: 'upsert' | 'insert' | 'update' | 'delete'
  readonly table: TableInfo
  /** Columns written, in parameter order. */
  readonly columns: readonly string[]
  /** Columns compared, after `columns` in parameter order; for an upsert its conflict key. */
  readonly keys: readonly string[]
  /** Columns that must be null for the row to be meant; they take no parameter. */
  readonly nulls: readonly string[]
  /** True when the caller named columns without a value. */
  readonly unset: boolean
  /** The statement for one row. */
  readonly text: string
  /** What follows the values of an insert. */
  readonly tail: string
}

export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`
const list = (names: readonly string[]) => names.map(quote).join(', ')

const marks = (dialect: DialectName) => (dialect === 'sqlite' ? () => '?' : (n: number): string => `$${n}`)

/**
 * Columns the caller named with the value `undefined` get their default: left out of the insert, and an
 * upsert sets them to what the new row would have had (`excluded` holds the defaults). Without that a
 * record that lost an optional field would keep the old value, and a replay would not.
 */
export function compileInsert(
  table: TableInfo,
  dialect: DialectName,
  kind: 'upsert' | 'insert',
  given: readonly string[],
  unset: readonly string[],
): RowStatement {
  const mark = marks(dialect)
  const values =
    given.length === 0
      ? 'default values'
      : `(${list(given)}) values (${given.map((_, i) => mark(i + 1)).join(', ')})`
  const tail = kind === 'insert' ? '' : onConflict(table, given, unset)
  return {
    kind,
    table,
    columns: given,
    keys: kind === 'insert' ? [] : table.key,
    nulls: [],
    unset: unset.length > 0,
    text: `insert into ${quote(table.name)} ${values} ${tail}`.trimEnd(),
    tail,
  }
}

function onConflict(table: TableInfo, given: readonly string[], unset: readonly string[]): string {
  if (table.key.length === 0) {
    throw new UserError(`rows.${table.name}.upsert needs a primary key on the table; it has none`)
  }
  const missing = table.key.filter((name) => !given.includes(name))
  if (missing.length > 0) {
    throw new UserError(`rows.${table.name}.upsert lacks part of the primary key: ${missing.join(', ')}`)
  }
  const set = [...given, ...unset].filter((name) => !table.key.includes(name))
  const action =
    set.length === 0
      ? 'do nothing'
      : `do update set ${set.map((name) => `${quote(name)} = excluded.${quote(name)}`).join(', ')}`
  return `on conflict (${list(table.key)}) ${action}`
}

export function compileUpdate(
  table: TableInfo,
  dialect: DialectName,
  set: readonly string[],
  keys: readonly string[],
  nulls: readonly string[],
): RowStatement {
  const mark = marks(dialect)
  const assignments = set.map((name, i) => `${quote(name)} = ${mark(i + 1)}`).join(', ')
  const text = `update ${quote(table.name)} set ${assignments} where ${condition(keys, nulls, mark, set.length)}`
  return { kind: 'update', table, columns: set, keys, nulls, unset: false, text, tail: '' }
}

export function compileDelete(
  table: TableInfo,
  dialect: DialectName,
  keys: readonly string[],
  nulls: readonly string[],
): RowStatement {
  const text = `delete from ${quote(table.name)} where ${condition(keys, nulls, marks(dialect), 0)}`
  return { kind: 'delete', table, columns: [], keys, nulls, unset: false, text, tail: '' }
}

function condition(
  keys: readonly string[],
  nulls: readonly string[],
  mark: (n: number) => string,
  offset: number,
): string {
  return [
    ...keys.map((name, i) => `${quote(name)} = ${mark(offset + i + 1)}`),
    ...nulls.map((name) => `${quote(name)} is null`),
  ].join(' and ')
}
