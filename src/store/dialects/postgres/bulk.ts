import type { BulkDelete, BulkInsert, BulkType, BulkUpdate } from '../../database.ts'

const TYPES: Record<BulkType, string> = { int: 'int', big: 'bigint', text: 'text', bytes: 'bytea' }

type Columns = Readonly<Record<string, BulkType>>
const texts = new WeakMap<BulkInsert | BulkUpdate | BulkDelete, string>()

function memo<B extends BulkInsert | BulkUpdate | BulkDelete>(
  make: (bulk: B) => string,
): (bulk: B) => string {
  return (bulk) => {
    const found = texts.get(bulk)
    if (found !== undefined) return found
    const text = make(bulk)
    texts.set(bulk, text)
    return text
  }
}

/** One array parameter for each column. */
const unnest = (columns: Columns) =>
  `unnest(${Object.values(columns)
    .map((type, i) => `$${i + 1}::${TYPES[type]}[]`)
    .join(', ')})`

const names = (columns: Columns) => Object.keys(columns).join(', ')
const matches = (table: string, keys: Columns) =>
  Object.keys(keys)
    .map((name) => `${table}.${name} = v.${name}`)
    .join(' and ')

export const insertText: (bulk: BulkInsert) => string = memo(
  ({ table, columns, conflict }) =>
    `insert into ${table} (${names(columns)}) select * from ${unnest(columns)} ${conflict}`,
)

export const updateText: (bulk: BulkUpdate) => string = memo(({ table, keys, columns }) => {
  const all = { ...keys, ...columns }
  const set = Object.keys(columns)
    .map((name) => `${name} = v.${name}`)
    .join(', ')
  return `update ${table} set ${set} from ${unnest(all)} as v(${names(all)}) where ${matches(table, keys)}`
})

export const deleteText: (bulk: BulkDelete) => string = memo(
  ({ table, keys }) =>
    `delete from ${table} using ${unnest(keys)} as v(${names(keys)}) where ${matches(table, keys)}`,
)
