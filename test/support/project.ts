import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

export interface Project {
  readonly dir: string
  write(files: Record<string, string>): void
  remove(): void
}

/** A user's project in a temporary folder, with lextap and what it needs installed by links. */
export function makeProject(files: Record<string, string> = {}): Project {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'lextap-project-')))
  const write = (more: Record<string, string>) => {
    for (const [name, text] of Object.entries(more)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true })
      writeFileSync(join(dir, name), text)
    }
  }
  mkdirSync(join(dir, 'node_modules'))
  symlinkSync(resolve('.'), join(dir, 'node_modules/lextap'))
  symlinkSync(resolve('node_modules/kysely'), join(dir, 'node_modules/kysely'))
  write({ 'package.json': '{ "name": "project", "type": "module" }\n', ...files })
  return { dir, write, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

/** The root project as a user would have it: its lexicons, migrations and handlers, nothing generated yet. */
export function makeStatusphere(files: Record<string, string> = {}): Project {
  const project = makeProject()
  for (const folder of ['lexicons', 'migrations']) {
    cpSync(resolve(folder), join(project.dir, folder), { recursive: true })
  }
  const handlers = resolve('examples/statusphere/handlers')
  for (const name of readdirSync(handlers)) {
    const text = readFileSync(join(handlers, name), 'utf8')
    project.write({ [`src/handlers/${name}`]: text.replaceAll('../../../generated/', '../../generated/') })
  }
  project.write({
    'tap.config.ts': "export default { track: { signal: 'xyz.statusphere.status' } }\n",
    ...files,
  })
  return project
}
