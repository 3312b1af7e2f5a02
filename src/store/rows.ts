import { UserError } from '../errors.ts'
import { compileDelete, compileInsert, compileUpdate, type RowStatement } from './row-statements.ts'
import type { TableInfo } from './tables.ts'
import type { DialectName, RowWriter } from './types.ts'

/** Runs or buffers one write; `values` are in the order of the statement's parameters, as the user gave them. */
export type WriteRow = (statement: RowStatement, values: unknown[]) => Promise<void>

/** Shapes kept for one table and kind; code that makes up column sets at run time must not fill the memory. */
const MAX_SHAPES = 500

type Values = Record<string, unknown>

/** Every table the row writers know, with the statements compiled so far. Shared by all transactions. */
export class RowTables {
  readonly dialect: DialectName
  readonly #tables: readonly TableShapes[]

  constructor(tables: readonly TableInfo[], dialect: DialectName) {
    this.dialect = dialect
    this.#tables = tables.map((table) => new TableShapes(table, dialect))
  }

  get infos(): ReadonlyMap<string, TableInfo> {
    return new Map(this.#tables.map((shapes) => [shapes.table.name, shapes.table]))
  }

  writers(write: WriteRow): Record<string, RowWriter> {
    const writers: Record<string, RowWriter> = Object.create(unknownTable(this.#tables))
    for (const shapes of this.#tables) writers[shapes.table.name] = new TableWriter(shapes, write)
    return writers
  }
}

/** Property reads that promises, printers and test runners make on any object. */
const PROBES = new Set([
  'then',
  'toJSON',
  'constructor',
  'asymmetricMatch',
  'nodeType',
  'tagName',
  'valueOf',
  'toString',
])

function unknownTable(tables: readonly TableShapes[]): object {
  return new Proxy(Object.prototype, {
    get(target, name, receiver) {
      if (typeof name === 'symbol' || PROBES.has(name)) return Reflect.get(target, name, receiver)
      const known = tables.map((shapes) => shapes.table.name).join(', ')
      throw new UserError(`no such table: ${name}; known tables: ${known === '' ? '(none)' : known}`)
    },
  })
}

class TableWriter implements RowWriter {
  readonly #shapes: TableShapes
  readonly #write: WriteRow

  constructor(shapes: TableShapes, write: WriteRow) {
    this.#shapes = shapes
    this.#write = write
  }
  upsert(values: Values): Promise<void> {
    return this.#put('upsert', values)
  }
  insert(values: Values): Promise<void> {
    return this.#put('insert', values)
  }
  #put(kind: 'upsert' | 'insert', values: Values): Promise<void> {
    const last = this.#shapes.last[kind]
    const parameters = last === null ? null : valuesInShape(last, values)
    if (last !== null && parameters !== null) return this.#write(last, parameters)
    const statement = this.#shapes.forValues(kind, values)
    return this.#write(statement, valuesOf(statement.columns, values))
  }
  update(key: Values, patch: Values): Promise<void> {
    const statement = this.#shapes.forUpdate(key, patch)
    if (statement === null) return Promise.resolve()
    return this.#write(statement, [...valuesOf(statement.columns, patch), ...valuesOf(statement.keys, key)])
  }
  delete(key: Values): Promise<void> {
    const statement = this.#shapes.forDelete(key)
    return this.#write(statement, valuesOf(statement.keys, key))
  }
}

function valuesOf(columns: readonly string[], from: Values): unknown[] {
  const values = new Array(columns.length)
  for (let i = 0; i < columns.length; i++) values[i] = from[columns[i] as string]
  return values
}

/** Names may hold commas and spaces, but no NUL. */
const shapeKey = (kind: string, ...columns: readonly (readonly string[])[]): string =>
  `${kind}${columns.map((names) => `\0${names.map((name) => `${name}\0`).join('')}`).join('')}`

class TableShapes {
  readonly table: TableInfo
  readonly #dialect: DialectName
  readonly #statements = new Map<string, RowStatement>()
  /** Nearly every call has the shape of the one before. */
  readonly last: Record<'upsert' | 'insert', RowStatement | null> = { upsert: null, insert: null }

  constructor(table: TableInfo, dialect: DialectName) {
    this.table = table
    this.#dialect = dialect
  }

  forValues(kind: 'upsert' | 'insert', values: Values): RowStatement {
    const given: string[] = []
    const unset: string[] = []
    for (const name of Object.keys(values)) (values[name] === undefined ? unset : given).push(name)
    const statement = this.#cached(shapeKey(kind, given, unset), [...given, ...unset], () =>
      compileInsert(this.table, this.#dialect, kind, given, unset),
    )
    this.last[kind] = statement
    return statement
  }

  forUpdate(key: Values, patch: Values): RowStatement | null {
    const set = Object.keys(patch).filter((name) => patch[name] !== undefined)
    if (set.length === 0) return null
    const [keys, nulls] = this.#keyOf(key, 'update')
    return this.#cached(shapeKey('update', set, keys, nulls), [...set, ...this.#written(keys, nulls)], () =>
      compileUpdate(this.table, this.#dialect, set, keys, nulls),
    )
  }

  forDelete(key: Values): RowStatement {
    const [keys, nulls] = this.#keyOf(key, 'delete')
    return this.#cached(shapeKey('delete', keys, nulls), this.#written(keys, nulls), () =>
      compileDelete(this.table, this.#dialect, keys, nulls),
    )
  }

  /** A key that is empty or has an undefined value would reach far more rows than was meant. */
  #keyOf(key: Values, kind: string): [keys: string[], nulls: string[]] {
    const names = Object.keys(key)
    const missing = names.find((name) => key[name] === undefined)
    if (names.length === 0 || missing !== undefined) {
      const what = missing === undefined ? 'is empty' : `has no value for ${missing}`
      throw new UserError(`the key of rows.${this.table.name}.${kind} ${what}`)
    }
    return [names.filter((name) => key[name] !== null), names.filter((name) => key[name] === null)]
  }

  /** Of the columns of a key those to be looked up: the primary key can be named though it writes itself. */
  #written(keys: readonly string[], nulls: readonly string[]): string[] {
    return [...keys, ...nulls].filter((name) => !this.table.key.includes(name))
  }

  #cached(shape: string, columns: readonly string[], compile: () => RowStatement): RowStatement {
    const found = this.#statements.get(shape)
    if (found !== undefined) return found
    for (const name of columns) {
      if (this.table.columns.has(name)) continue
      const known = [...this.table.columns.keys()].join(', ')
      throw new UserError(`no such column: ${this.table.name}.${name}; known columns: ${known}`)
    }
    if (this.#statements.size >= MAX_SHAPES) this.#statements.clear()
    const made = compile()
    this.#statements.set(shape, made)
    return made
  }
}

/**
 * The parameters of a row that has exactly the statement's columns, all of them set, in the same order; null of any
 * other. In a `for … in` V8 reads each property by its place: asking for it by name once more took as long again.
 */
function valuesInShape({ columns, unset }: RowStatement, row: Values): unknown[] | null {
  if (unset) return null
  const values = new Array(columns.length)
  let i = 0
  for (const name in row) {
    const value = row[name]
    if (columns[i] !== name || value === undefined) return null
    values[i++] = value
  }
  return i === columns.length ? values : null
}
