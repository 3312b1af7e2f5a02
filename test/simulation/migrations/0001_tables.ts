import { type ColumnDefinitionBuilder, type Kysely, PostgresAdapter } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  const postgres = db.getExecutor().adapter instanceof PostgresAdapter
  const serial = (c: ColumnDefinitionBuilder) =>
    (postgres ? c.generatedByDefaultAsIdentity() : c.autoIncrement()).primaryKey()
  await db.schema
    .createTable('rec')
    .addColumn('uri', 'text', (c) => c.primaryKey())
    .addColumn('did', 'text', (c) => c.notNull())
    .addColumn('cid', 'text', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .execute()
  // Every call of a handler that was committed, in order.
  await db.schema
    .createTable('seen')
    .addColumn('id', 'integer', serial)
    .addColumn('uri', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('source', 'text', (c) => c.notNull())
    .addColumn('rev', 'text', (c) => c.notNull())
    .addColumn('cid', 'text')
    .execute()
  await db.schema
    .createTable('account')
    .addColumn('id', 'integer', serial)
    .addColumn('did', 'text', (c) => c.notNull())
    .addColumn('standing', 'text', (c) => c.notNull())
    .addColumn('was', 'text', (c) => c.notNull())
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['account', 'seen', 'rec']) await db.schema.dropTable(table).execute()
}
