import type { BulkDelete, BulkInsert, BulkType, BulkUpdate, Param, Rows } from '../../database.ts'
import { arrayLiteral, wireValue } from './values.ts'
import type { WireValue } from './wire.ts'

const TYPES: Record<Exclude<BulkType, 'bytes'>, string> = { int: 'int', big: 'bigint', text: 'text' }

type Columns = Readonly<Record<string, BulkType>>
type Bulk = BulkInsert | BulkUpdate | BulkDelete
const texts = new WeakMap<Bulk, string>()

function memo<B extends Bulk>(make: (bulk: B) => string): (bulk: B) => string {
  return (bulk) => {
    const found = texts.get(bulk)
    if (found !== undefined) return found
    const text = make(bulk)
    texts.set(bulk, text)
    return text
  }
}

/**
 * A query that yields the rows: one array parameter for each column. The values of a column of bytes come
 * in one parameter, end to end, with where each begins and how long it is: as elements of an array they
 * would have to be spelled in hex.
 */
function source(columns: Columns): string {
  const arrays: string[] = []
  const names: string[] = []
  let n = 0
  const selected = Object.entries(columns).map(([name, type]) => {
    if (type !== 'bytes') {
      arrays.push(`$${++n}::${TYPES[type]}[]`)
      names.push(name)
      return name
    }
    const all = `$${++n}::bytea`
    arrays.push(`$${++n}::int[]`, `$${++n}::int[]`)
    names.push(`${name}_at`, `${name}_length`)
    return `substr(${all}, ${name}_at, ${name}_length) as ${name}`
  })
  return `select ${selected.join(', ')} from unnest(${arrays.join(', ')}) as u(${names.join(', ')})`
}

const names = (columns: Columns) => Object.keys(columns).join(', ')
const matches = (table: string, keys: Columns) =>
  Object.keys(keys)
    .map((name) => `${table}.${name} = v.${name}`)
    .join(' and ')

export const insertText: (bulk: BulkInsert) => string = memo(
  ({ table, columns, conflict }) => `insert into ${table} (${names(columns)}) ${source(columns)} ${conflict}`,
)

export const updateText: (bulk: BulkUpdate) => string = memo(({ table, keys, columns }) => {
  const set = Object.keys(columns)
    .map((name) => `${name} = v.${name}`)
    .join(', ')
  return `update ${table} set ${set} from (${source({ ...keys, ...columns })}) as v where ${matches(table, keys)}`
})

export const deleteText: (bulk: BulkDelete) => string = memo(
  ({ table, keys }) => `delete from ${table} using (${source(keys)}) as v where ${matches(table, keys)}`,
)

/** The parameters of {@link source} for these rows. */
export function bulkParams(columns: Columns, rows: Rows): WireValue[] {
  return Object.values(columns).flatMap((type, column) => {
    const values = rows.map((row) => row[column] ?? null)
    return type === 'bytes'
      ? packed(values)
      : [
          arrayLiteral(
            values.map((value) => [wireValue(value)]),
            0,
          ),
        ]
  })
}

function packed(values: readonly Param[]): WireValue[] {
  const pieces: Uint8Array[] = []
  const at: string[] = []
  const lengths: string[] = []
  let end = 1 // Postgres counts from one
  for (const value of values) {
    const piece = value as Uint8Array | null
    at.push(String(end))
    lengths.push(piece === null ? 'NULL' : String(piece.length))
    if (piece === null) continue
    pieces.push(piece)
    end += piece.length
  }
  return [Buffer.concat(pieces), `{${at.join()}}`, `{${lengths.join()}}`]
}
