import { parentPort, workerData } from 'node:worker_threads'
import { LextapError } from '../errors.ts'
import type { ImportModule } from '../store/user-migrations.ts'
import type { IntrospectAnswer, IntrospectRequest } from './introspect.ts'

/** The thread of {@link introspect}: asks one database and answers once. */
async function answer({ folder, dialect, importer }: IntrospectRequest): Promise<IntrospectAnswer> {
  try {
    const importModule: ImportModule | undefined =
      importer === undefined ? undefined : (await import(importer)).importUserModule
    const tables =
      dialect === 'sqlite'
        ? (await import('./introspect-sqlite.ts')).introspectSqlite(folder, importModule)
        : (await import('./introspect-postgres.ts')).introspectPostgres(folder, importModule)
    return { tables: await tables }
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error))
    return { error: { message, stack, code: error instanceof LextapError ? error.code : 'migration' } }
  }
}

parentPort?.postMessage(await answer(workerData as IntrospectRequest))
