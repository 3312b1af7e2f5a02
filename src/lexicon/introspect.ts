import { Worker } from 'node:worker_threads'
import { UserError } from '../errors.ts'
import type { TableModel } from './table-model.ts'

export interface IntrospectRequest {
  /** Folder of the user's migrations. */
  readonly folder: string
  readonly dialect: 'sqlite' | 'postgres'
  /** Address of a module whose `importUserModule` loads migrations; Node's own `import` by default. */
  readonly importer?: string | undefined
}

export type IntrospectAnswer =
  | { readonly tables: readonly TableModel[] }
  | {
      readonly error: { readonly message: string; readonly code: string; readonly stack: string | undefined }
    }

/**
 * The user's tables as their migrations leave them, in a thread of its own: its modules are loaded anew, so that an
 * edited migration counts while `codegen --watch` goes on, and whatever migrations leave behind ends with it.
 */
export async function introspect(request: IntrospectRequest): Promise<readonly TableModel[]> {
  const file = `./introspect-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`
  const worker = new Worker(new URL(file, import.meta.url), { workerData: request })
  try {
    const answer = await new Promise<IntrospectAnswer>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', () =>
        reject(new UserError(`a migration ended the process; folder=${request.folder}`)),
      )
    })
    if ('tables' in answer) return answer.tables
    const { message, code, stack } = answer.error
    throw new UserError(message, { code, cause: stack })
  } finally {
    await worker.terminate()
  }
}
