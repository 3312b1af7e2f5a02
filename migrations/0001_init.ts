import type { Kysely } from 'kysely'

/** The tables of the root project: one for each collection it follows, and one for the accounts. */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('account')
    .addColumn('did', 'text', (c) => c.primaryKey())
    .addColumn('handle', 'text')
    .addColumn('status', 'text', (c) => c.notNull().defaultTo('active'))
    .execute()

  await db.schema
    .createTable('status')
    .addColumn('uri', 'text', (c) => c.primaryKey())
    .addColumn('did', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('status_did').on('status').columns(['did', 'created_at']).execute()

  await db.schema
    .createTable('profile')
    .addColumn('did', 'text', (c) => c.primaryKey())
    .addColumn('display_name', 'text')
    .addColumn('description', 'text')
    .addColumn('avatar', 'text')
    .execute()

  await db.schema
    .createTable('post')
    .addColumn('uri', 'text', (c) => c.primaryKey())
    .addColumn('cid', 'text', (c) => c.notNull())
    .addColumn('did', 'text', (c) => c.notNull())
    .addColumn('text', 'text', (c) => c.notNull())
    .addColumn('reply_parent', 'text')
    .addColumn('created_at', 'text', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('post_did').on('post').columns(['did', 'created_at']).execute()

  await db.schema
    .createTable('like')
    .addColumn('uri', 'text', (c) => c.primaryKey())
    .addColumn('did', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('like_subject').on('like').column('subject').execute()

  await db.schema
    .createTable('follow')
    .addColumn('uri', 'text', (c) => c.primaryKey())
    .addColumn('did', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('follow_subject').on('follow').column('subject').execute()
}

export async function down(db: Kysely<never>): Promise<void> {
  for (const table of ['follow', 'like', 'post', 'profile', 'status', 'account']) {
    await db.schema.dropTable(table).execute()
  }
}
