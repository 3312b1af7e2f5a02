import { HEADER } from './header.ts'
import { pascal, propertyKey, quote } from './names.ts'
import type { ColumnModel, TableModel } from './table-model.ts'
import { docComment, Writer } from './writer.ts'

/** `database.ts`: Kysely types of the user's tables. `fingerprint` says what they were read from. */
export function generateDatabase(tables: readonly TableModel[], fingerprint: string): string {
  const names = tableNames(tables)
  const w = new Writer()
  w.line(HEADER).line(`// From migrations ${fingerprint}`).line()
  const types = tables.flatMap((table) => table.columns.map(columnType))
  if (types.some((type) => type.includes('l.'))) w.line("import type * as l from 'lextap/lex'").line()
  docComment(w, ['Your tables, as the migrations leave them.'])
  if (tables.length === 0) w.line('export type Database = Record<never, never>')
  else
    w.block('export interface Database {', () => {
      for (const table of tables) w.line(`${propertyKey(table.name)}: ${names.get(table.name)}`)
    })
  const writable = tables.filter((table) => table.key !== null)
  w.line()
  docComment(w, ['The columns of each primary key: what `rows.<table>.update` and `.delete` find a row by.'])
  if (writable.length === 0) w.line('export type Keys = Record<never, never>')
  else
    w.block('export interface Keys {', () => {
      for (const { name, key } of writable)
        w.line(`${propertyKey(name)}: ${key?.map(quote).join(' | ') || 'never'}`)
    })
  for (const table of tables) {
    w.line()
    w.block(`export interface ${names.get(table.name)} {`, () => {
      for (const column of table.columns) {
        if (column.comment !== null) docComment(w, column.comment.split('\n'))
        w.line(`${propertyKey(column.name)}: ${columnType(column)}`)
      }
    })
  }
  return w.toString()
}

function columnType({ type, write, nullable, optional, computed }: ColumnModel): string {
  const orNull = (value: string) => (nullable && value !== 'unknown' ? `${value} | null` : value)
  if (computed) return `l.GeneratedAlways<${orNull(type)}>`
  if (write === null) return optional ? `l.Generated<${orNull(type)}>` : orNull(type)
  return `l.ColumnType<${orNull(type)}, ${orNull(write)}${optional ? ' | undefined' : ''}, ${orNull(write)}>`
}

/** `StatusTable` for `status`; numbered where two tables would get the same name. */
function tableNames(tables: readonly TableModel[]): Map<string, string> {
  const names = new Map<string, string>()
  const used = new Set<string>(['Database', 'Keys'])
  for (const { name } of tables) {
    const plain = pascal(name.replace(/[^A-Za-z0-9]+/g, '_')).replace(/^(?=\d|$)/, 'T')
    let wanted = `${plain}Table`
    for (let n = 2; used.has(wanted); n++) wanted = `${plain}Table${n}`
    used.add(wanted)
    names.set(name, wanted)
  }
  return names
}
