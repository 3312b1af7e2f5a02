import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, Option } from 'commander'
import { UserError } from '../../errors.ts'
import { printLine } from '../print.ts'
import { version } from '../version.ts'

const TEMPLATES = new URL('../../../templates/', import.meta.url)

export function command(): Command {
  return new Command('init')
    .description('start a project from a template')
    .argument('[folder]', 'where; made when it is not there', '.')
    .addOption(
      new Option('--template <name>', 'what to start from').choices(templates()).default('statusphere'),
    )
    .option('--debug', 'print the stack of an error')
    .action(init)
}

const templates = () => readdirSync(TEMPLATES).sort()

function init(folder: string, { template }: { template: string }): void {
  const target = resolve(folder)
  const source = fileURLToPath(new URL(`${template}/`, TEMPLATES))
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(source, join(entry.parentPath, entry.name)))
    .sort()
  const there = files.map(targetOf).filter((file) => existsSync(join(target, file)))
  if (there.length > 0) {
    throw new UserError(
      `${relative(process.cwd(), target) || '.'} has ${there.join(', ')} already; choose another folder: lextap init <folder>`,
    )
  }
  for (const file of files) {
    const to = join(target, targetOf(file))
    mkdirSync(dirname(to), { recursive: true })
    copyFileSync(join(source, file), to)
    if (/^(package\.json|README\.md)$/.test(file)) fill(to, nameOf(target))
    printLine(`wrote ${relative(process.cwd(), to)}`)
  }
  const go = target === process.cwd() ? '' : `cd ${relative(process.cwd(), target)} && `
  printLine(`\nnext: ${go}npm install && npm run sandbox`)
}

/** npm leaves files of that name out of packages. */
const targetOf = (file: string) => (file === 'gitignore' ? '.gitignore' : file)

const nameOf = (target: string) =>
  basename(target)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '') || 'indexer'

function fill(file: string, name: string): void {
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replaceAll('__name__', name).replaceAll('__version__', version()))
}
