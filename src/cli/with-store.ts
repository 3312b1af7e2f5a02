import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { UserError } from '../errors.ts'
import { isFolder } from '../store/folder.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import type { CommonOptions } from './options.ts'
import { openProject, type Project } from './project.ts'

export interface StoreContext extends Project {
  readonly store: Store
}

/** `read` writes nothing · `change` writes to a database that is there · `write` makes it where there is none. */
export type Access = 'read' | 'change' | 'write'

/** Opens the project's database beside whatever runs on it, hands it to `fn` and closes it. */
export async function withStore<T>(
  flags: CommonOptions,
  access: Access,
  fn: (context: StoreContext) => Promise<T>,
): Promise<T> {
  const overrides = flags.database === undefined ? {} : { database: flags.database }
  const { config, observer } = await openProject(flags, { overrides })
  const connections = config.databaseConnections
  if (access !== 'write') requireDatabase(config.database)
  const options = { observer, lock: false, readOnly: access === 'read', connections }
  await using store = await openStore(config.database, options)
  return await explained(store, () => fn({ config, observer, store }))
}

/** Opening one that is not there would make it. Throws UserError; what is on a server, the server tells. */
export function requireDatabase(database: string): void {
  const file = pathOf(database)
  if (file === null || holdsSomething(file)) return
  const sandbox = join(dirname(file), 'sandbox.db')
  const hint = existsSync(sandbox)
    ? `; the sandbox's is there: --database sqlite:${relative(process.cwd(), sandbox)}`
    : ''
  throw new UserError(
    `there is no database yet: ${relative(process.cwd(), file)}; lextap run makes it${hint}`,
    { code: 'no-database' },
  )
}

/** The file or folder of an embedded database; null for one in memory or on a server. */
function pathOf(database: string): string | null {
  return /^(?:sqlite|pglite):(\/.*)$/s.exec(database)?.[1] ?? null
}

/** An empty folder is none of PGlite's yet. */
const holdsSomething = (path: string): boolean =>
  existsSync(path) && !(isFolder(path) && readdirSync(path).length === 0)

/** What the database did to a command is told as such: it is locked, full, or gone. */
export async function explained<T>(store: Store, fn: () => Promise<T>): Promise<T> {
  try {
    return await fn()
  } catch (error) {
    throw store.db.faultOf(error) === null ? error : store.db.explain(error)
  }
}
