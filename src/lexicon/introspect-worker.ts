import { parentPort, workerData } from 'node:worker_threads'
import { LextapError } from '../errors.ts'
import type { IntrospectAnswer, IntrospectRequest } from './introspect.ts'

/** The thread of {@link introspect}: asks one database and answers once. */
async function answer({ folder, dialect }: IntrospectRequest): Promise<IntrospectAnswer> {
  try {
    const tables =
      dialect === 'sqlite'
        ? (await import('./introspect-sqlite.ts')).introspectSqlite(folder)
        : (await import('./introspect-postgres.ts')).introspectPostgres(folder)
    return { tables: await tables }
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error))
    return { error: { message, stack, code: error instanceof LextapError ? error.code : 'migration' } }
  }
}

parentPort?.postMessage(await answer(workerData as IntrospectRequest))
