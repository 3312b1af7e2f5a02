import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('rec')
    .addColumn('uri', 'text', (c) => c.primaryKey())
    .addColumn('did', 'text', (c) => c.notNull())
    .addColumn('collection', 'text', (c) => c.notNull())
    .addColumn('rkey', 'text', (c) => c.notNull())
    .addColumn('cid', 'text', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('seen')
    .addColumn('uri', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('rev', 'text', (c) => c.notNull())
    .addColumn('cid', 'text')
    .addColumn('live', 'integer', (c) => c.notNull())
    .addColumn('source', 'text', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('account_seen')
    .addColumn('did', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('was', 'text', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('identity_seen')
    .addColumn('did', 'text', (c) => c.notNull())
    .addColumn('handle', 'text')
    .addColumn('pds', 'text')
    .addColumn('changed', 'text', (c) => c.notNull())
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['identity_seen', 'account_seen', 'seen', 'rec'])
    await db.schema.dropTable(table).execute()
}
