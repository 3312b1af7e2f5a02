import { Command } from 'commander'
import { UserError } from '../../errors.ts'
import { collectText, type ReplayFlags, withDatabase } from '../options.ts'

export function command(): Command {
  const replay = new Command('replay')
    .description(
      'hand stored records to the handlers again, without the network; goes on where it was interrupted',
    )
    .option('--collection <nsid>', 'only this collection, `ns.*` for several; again for more', collectText)
    .option('--did <did>', 'only this account; again for more', collectText)
    .option(
      '--handler <name>',
      'only this handler, by the name it is exported as; again for more',
      collectText,
    )
    .option('--fresh', 'rebuild the tables of your migrations from empty')
    .option('--keep-table <name>', 'with --fresh: leave this table as it is; again for more', collectText)
    .option('--keep-old', 'with --fresh on Postgres: keep the old tables in a schema of their own')
    .option('--allow-missing', 'leave out records whose bodies were not kept')
    .option('--restart', 'give up an unfinished replay of something else')
    .option('--fetch', 'instead: mark records without bodies, so that lextap run fetches them again')
    .action(run)
  return withDatabase(replay)
}

async function run(flags: ReplayFlags): Promise<void> {
  if (!flags.fresh && (flags.keepOld || flags.keepTable !== undefined)) {
    throw new UserError('--keep-table and --keep-old belong to --fresh', { code: 'replay-scope' })
  }
  const { replay } = await import('../replay.ts')
  return replay(flags)
}
