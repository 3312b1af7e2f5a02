import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { DIALECTS, stopDatabases } from '../../../../test/support/databases.ts'
import { openPostgres } from './open.ts'

const postgres = DIALECTS.filter(({ name }) => name === 'postgres')

test.each(postgres)(
  'on $name settings go back to what the connection began with, and stay there',
  async (dialect) => {
    await using database = await dialect.fresh()
    const db = await openPostgres(database.url, {
      connections: 2,
      readOnly: false,
      searchPath: 'apart, public',
    })
    const now = () => db.all("select current_setting('search_path') as path, current_user::text as who")
    const before = await now()
    await db.transaction(async (tx) => {
      const side = tx.userSide()
      await sql`set search_path to public`.execute(side.tx)
      await sql`set role pg_read_all_data`.execute(side.tx)
      side.eventOver()
      await side.flush()
      expect(
        await tx.all("select current_setting('search_path') as path, current_user::text as who"),
      ).toEqual(before)
      side.end()
    })
    expect(await now()).toEqual(before)
    expect(before).toMatchObject([{ path: 'apart, public' }])
    await db.close()
    await stopDatabases()
  },
)
