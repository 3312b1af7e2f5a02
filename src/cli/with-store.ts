import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { UserError } from '../errors.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import type { CommonOptions } from './options.ts'
import { openProject, type Project } from './project.ts'

export interface StoreContext extends Project {
  readonly store: Store
}

/** Opens the project's database beside whatever runs on it, hands it to `fn` and closes it. */
export async function withStore<T>(
  flags: CommonOptions,
  access: 'read' | 'write',
  fn: (context: StoreContext) => Promise<T>,
): Promise<T> {
  const overrides = flags.database === undefined ? {} : { database: flags.database }
  const { config, observer } = await openProject(flags, { overrides })
  const connections = config.databaseConnections
  const file = /^(?:sqlite|pglite):(\/.*)$/s.exec(config.database)?.[1]
  if (access === 'read' && file !== undefined && !existsSync(file)) {
    const sandbox = join(dirname(file), 'sandbox.db')
    const hint = existsSync(sandbox)
      ? `; the sandbox's is there: --database sqlite:${relative(process.cwd(), sandbox)}`
      : ''
    throw new UserError(
      `there is no database yet: ${relative(process.cwd(), file)}; lextap run makes it${hint}`,
      { code: 'no-database' },
    )
  }
  const options = { observer, lock: false, readOnly: access === 'read', connections }
  await using store = await openStore(config.database, options)
  return await explained(store, () => fn({ config, observer, store }))
}

/** What the database did to a command is told as such: it is locked, full, or gone. */
export async function explained<T>(store: Store, fn: () => Promise<T>): Promise<T> {
  try {
    return await fn()
  } catch (error) {
    throw store.db.faultOf(error) === null ? error : store.db.explain(error)
  }
}
