import { Command } from 'commander'
import type { ResolvedConfig } from '../../config/types.ts'
import { UserError } from '../../errors.ts'
import { describeNotes, describeResult, generate } from '../codegen.ts'
import { type CommonOptions, withCommon, withJson } from '../options.ts'
import { printJson, printLine } from '../print.ts'
import { openProject } from '../project.ts'
import { printError } from '../report.ts'
import { onStopSignals } from '../stop-signals.ts'
import { watchPaths } from '../watch.ts'

type Flags = CommonOptions & { check?: true; watch?: true; json?: true }

export function command(): Command {
  const codegen = new Command('codegen')
    .description('write types, validators and handler signatures from the lexicons and migrations')
    .option('--check', 'write nothing; print what would change, and exit with 1 if anything would')
    .option('--watch', 'go on, and write again whenever a lexicon or migration changes')
    .action(run)
  return withJson(withCommon(codegen))
}

async function run(flags: Flags): Promise<void> {
  const { config } = await openProject(flags)
  if (flags.check) return check(config, flags)
  if (flags.watch) return watch(config, flags)
  const result = await generate(config)
  if (flags.json) return printJson({ ...result, ms: Math.round(result.ms) })
  for (const note of describeNotes(result)) printLine(note)
  printLine(describeResult(result, config))
}

async function check(config: ResolvedConfig, flags: Flags): Promise<void> {
  const result = await generate(config, true)
  const changes = result.written.length + result.removed.length
  if (flags.json) printJson({ ...result, ms: Math.round(result.ms) })
  else process.stdout.write(changes === 0 ? `${describeResult(result, config)}\n` : result.diff)
  if (changes > 0) {
    const files = changes === 1 ? 'one file' : `${changes} files`
    throw new UserError(`the generated code is out of date in ${files}; write it with: lextap codegen`, {
      code: 'out-of-date',
    })
  }
}

/** Goes on until a signal; an error is printed and the next change tried. */
async function watch(config: ResolvedConfig, flags: Flags): Promise<void> {
  using signals = onStopSignals(() => {})
  using watching = watchPaths([config.lexicons, ...(config.migrations === null ? [] : [config.migrations])])
  const stop = signals.first.then(() => true)
  let told: string[] = []
  for (let stopped = false; !stopped; ) {
    try {
      const result = await generate(config)
      const notes = describeNotes(result)
      // Said once, not with every keystroke.
      for (const note of notes) if (!told.includes(note)) printLine(note)
      told = notes
      printLine(describeResult(result, config))
    } catch (error) {
      printError(error, { debug: flags.debug === true })
    }
    stopped = await Promise.race([stop, watching.changed().then(() => false)])
  }
}
