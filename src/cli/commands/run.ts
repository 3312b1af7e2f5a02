import { Command } from 'commander'
import { loadHandlers } from '../../handlers.ts'
import { createTap } from '../../tap.ts'
import { announce } from '../announce.ts'
import { type CommonOptions, withCommon } from '../options.ts'
import { ProgressLine } from '../progress.ts'
import { openProject } from '../project.ts'
import { runUntilStopped } from '../running.ts'

export function command(): Command {
  const run = new Command('run')
    .description('follow the network and call your handlers, until stopped (ctrl-c, SIGTERM)')
    .option('--reset-cursor', 'start at the head of the stream; what was missed is found by comparing revs')
    .action(follow)
  return withCommon(run)
}

async function follow(flags: CommonOptions & { resetCursor?: boolean }): Promise<void> {
  const line: ProgressLine = new ProgressLine(process.stderr, (text) => observer.log.info(text))
  const { config, observer } = await openProject(flags, { stream: line })
  const handlers = await loadHandlers(config)
  announce(config, handlers, observer)
  await runUntilStopped(
    createTap(config, { observer, ...handlers, resetCursor: flags.resetCursor ?? false }),
    { observer, line },
  )
}
