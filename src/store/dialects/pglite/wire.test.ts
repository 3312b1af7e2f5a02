import { expect, test } from 'vitest'
import { freshPglite } from '../../../../test/support/databases.ts'
import { openPglite } from './open.ts'

test('an error does not bring along the parameters of its statement, which logs would show', async () => {
  await using database = await freshPglite()
  const db = await openPglite(database.url.slice('pglite:'.length))
  const error = await db.run('insert into nowhere values ($1)', ['a secret']).catch((reason) => reason)
  expect(error.message).toBe('relation "nowhere" does not exist')
  expect(JSON.stringify({ ...error })).not.toContain('a secret')
  await db.close()
})
