import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Command } from 'commander'
import { importUserModule } from '../../config/module.ts'
import { UserError } from '../../errors.ts'
import { advices } from '../../store/migration-survey.ts'
import { type MigrationStep, runUserMigrations } from '../../store/user-migrations.ts'
import { type CommonOptions, withCommon, withDatabase } from '../options.ts'
import { printJson, printLine, printTable } from '../print.ts'
import { openProject } from '../project.ts'
import { withStore } from '../with-store.ts'

type Flags = CommonOptions & { json?: true }

export function command(): Command {
  const migrate = new Command('migrate').description(
    'the migrations of your own tables: up, down, status, accept, make',
  )
  const run = (step: MigrationStep) => (flags: Flags) => migrateStep(step, flags)
  const steps = [
    new Command('up')
      .description('run everything that is due (lextap run does this too)')
      .action(run('latest')),
    new Command('down').description('take the last one back').action(run('down')),
    new Command('status').description('which ran, which are due, and what is wrong').action(run('status')),
    new Command('accept')
      .description('take the files of migrations that ran, as they are now, for what ran')
      .action(run('accept')),
  ]
  for (const step of steps) migrate.addCommand(withDatabase(step))
  const make = new Command('make')
    .description('write an empty migration')
    .argument('<name>')
    .action(makeMigration)
  return migrate.addCommand(withCommon(make))
}

async function migrateStep(step: MigrationStep, flags: Flags): Promise<void> {
  await withStore(flags, step === 'latest' ? 'write' : 'change', async ({ config, store }) => {
    if (config.migrations === null) throw noFolder()
    const report = await runUserMigrations(store, config.migrations, step, importUserModule)
    if (flags.json) return printJson(report)
    for (const { name, direction } of report.done) printLine(`${direction} ${name}`)
    if (step === 'status' || step === 'accept') {
      const { migrations } = report
      const rows = migrations.map((m) => [m.name, m.executedAt?.toISOString() ?? 'due', m.problem ?? ''])
      printTable(['migration', 'run', ''], rows)
      for (const advice of advices(migrations)) printLine(advice)
    } else if (report.done.length === 0) printLine('nothing to do')
  })
}

function noFolder(): UserError {
  return new UserError('there is no folder of migrations; write the first with: lextap migrate make init', {
    code: 'migration',
  })
}

async function makeMigration(name: string, flags: CommonOptions): Promise<void> {
  if (!/^[a-z0-9][a-z0-9_-]{0,80}$/.test(name)) {
    throw new UserError(
      `${JSON.stringify(name)} cannot be the name of a migration; use lower-case letters, digits, _ and -`,
    )
  }
  const { config } = await openProject(flags)
  const folder = config.migrations ?? join(config.root, 'migrations')
  mkdirSync(folder, { recursive: true })
  const last = readdirSync(folder)
    .flatMap((file) => /^\d+/.exec(file)?.[0] ?? [])
    .map(Number)
  const number = String(Math.max(0, ...last) + 1).padStart(4, '0')
  const file = join(folder, `${number}_${name}.ts`)
  if (existsSync(file)) throw new UserError(`${file} exists`)
  writeFileSync(file, EMPTY)
  printLine(`wrote ${relative(process.cwd(), file)}`)
}

const EMPTY = `import type { Kysely } from 'kysely'

export async function up(db: Kysely<never>): Promise<void> {}

export async function down(db: Kysely<never>): Promise<void> {}
`
