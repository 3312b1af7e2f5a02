import { Command } from 'commander'
import { type CommonOptions, withDatabase } from '../options.ts'

export function command(): Command {
  const plan = new Command('plan')
    .description(
      'what the next lextap run would do about changed handlers, lexicons and collections, and why',
    )
    .action(async (flags: CommonOptions & { json?: true }) => (await import('../plan.ts')).plan(flags))
  return withDatabase(plan)
}
