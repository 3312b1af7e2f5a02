import type { Database } from './database.ts'

/** Rows looked at for the mean. */
const SAMPLE = 1000

/**
 * About how many bytes the stored bodies take, without reading them all: on Postgres and PGlite the size of the
 * table, on SQLite the mean of the newest rows times the number ever written.
 */
export async function bodiesSize(db: Database): Promise<number> {
  if (db.dialect !== 'sqlite') {
    const rows = await db.reader.all<{ bytes: number }>("select pg_table_size('lextap_record') as bytes")
    return rows[0]?.bytes ?? 0
  }
  const rows = await db.reader.all<{ newest: number | null; mean: number | null }>(
    `select max(id) as newest, avg(size) as mean from
       (select rowid as id, coalesce(length(body), 0) as size from lextap_record order by rowid desc limit ${SAMPLE})`,
  )
  return Math.round((rows[0]?.newest ?? 0) * (rows[0]?.mean ?? 0))
}

/** Bytes of the whole database, your tables included; on SQLite without what waits in its log. */
export async function databaseSize(db: Database): Promise<number> {
  const sql =
    db.dialect === 'sqlite'
      ? 'select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()'
      : 'select pg_database_size(current_database()) as bytes'
  const rows = await db.reader.all<{ bytes: number }>(sql)
  return Number(rows[0]?.bytes ?? 0)
}
