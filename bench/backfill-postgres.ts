import { backfillFigures } from './backfill-rounds.ts'
import type { Figure } from './figure.ts'
import { benchServer } from './postgres.ts'

/** End-to-end backfill into a real PostgreSQL server on the same machine: a plain Kysely handler, row writers, `puts`. */
export async function bench(): Promise<Figure[]> {
  const server = await benchServer()
  try {
    return await backfillFigures('postgres', { plain: '>= 22 k', rows: '>= 60 k', puts: '>= 70 k' }, () =>
      server.create(),
    )
  } finally {
    await server.stop()
  }
}

if (import.meta.main) console.log(await bench())
