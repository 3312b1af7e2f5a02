import type { Kysely } from 'kysely'

const TABLES: Readonly<Record<string, readonly string[]>> = {
  like: ['subject_uri', 'subject_cid'],
  post: ['text', 'reply_parent'],
  follow: ['subject'],
  status: ['status'],
  profile: ['display_name', 'description'],
}

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [name, columns] of Object.entries(TABLES)) {
    let table = db.schema
      .createTable(name)
      .addColumn('uri', 'text', (c) => c.primaryKey())
      .addColumn('did', 'text', (c) => c.notNull())
      .addColumn('rkey', 'text', (c) => c.notNull())
      .addColumn('cid', 'text', (c) => c.notNull())
      .addColumn('created_at', 'text')
    for (const column of columns) table = table.addColumn(column, 'text')
    await table.execute()
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const name of Object.keys(TABLES)) await db.schema.dropTable(name).execute()
}
