import { Command, Option } from 'commander'
import { type DevFlags, positive, withCommon } from '../options.ts'

export function command(): Command {
  const dev = new Command('dev')
    .description('write the generated code, run the project, and start over when something changes')
    .option('--sandbox', 'run once, against a network in this process instead of the public one')
    .addOption(new Option('--repos <n>', 'sandbox: accounts').argParser(positive).default(40))
    .addOption(
      new Option('--records <n>', 'sandbox: records each is born with').argParser(positive).default(250),
    )
    .addOption(new Option('--rate <n>', 'sandbox: events a second').argParser(positive).default(20))
    .option('--seed <text>', 'sandbox: keys, names and records follow from it', 'lextap')
    .option('--database <url>', 'sandbox: database to use (default: .lextap/sandbox.db, emptied first)')
    .addOption(new Option('--for <seconds>', 'sandbox: end by itself after so long').argParser(positive))
    .option('--until-level', 'sandbox: end by itself when everything is fetched and some live events came')
    .action(run)
  return withCommon(dev)
}

async function run(flags: DevFlags, command: Command): Promise<void> {
  if (flags.sandbox) {
    const { runSandbox } = await import('../dev-sandbox.ts')
    return runSandbox(flags)
  }
  const lost = command.options.filter(
    (o) => o.description.startsWith('sandbox: ') && command.getOptionValueSource(o.attributeName()) === 'cli',
  )
  if (lost.length > 0)
    command.error(
      `error: ${lost.map((o) => o.long).join(', ')} ${lost.length === 1 ? 'is' : 'are'} for --sandbox alone`,
    )
  const { runDev } = await import('../dev-watch.ts')
  return runDev(flags)
}
