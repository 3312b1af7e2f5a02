import { Command } from 'commander'
import type { ResolvedConfig } from '../../config/types.ts'
import type { Observer } from '../../observe/observer.ts'
import { createTap } from '../../tap.ts'
import { type LoadedHandlers, loadHandlers } from '../handlers.ts'
import { type CommonOptions, withCommon } from '../options.ts'
import { ProgressLine } from '../progress.ts'
import { openProject } from '../project.ts'
import { runUntilStopped } from '../running.ts'

export function command(): Command {
  const run = new Command('run')
    .description('follow the network and call your handlers, until stopped (ctrl-c, SIGTERM)')
    .action(follow)
  return withCommon(run)
}

async function follow(flags: CommonOptions): Promise<void> {
  const line: ProgressLine = new ProgressLine(process.stderr, (text) => observer.log.info(text))
  const { config, observer } = await openProject(flags, { stream: line })
  const handlers = await loadHandlers(config)
  announce(config, handlers, observer)
  await runUntilStopped(createTap(config, { observer, ...handlers }), { observer, line })
}

/** What is about to run, in one log line. */
export function announce(config: ResolvedConfig, handlers: LoadedHandlers, observer: Observer): void {
  const collections = handlers.definitions.flatMap((d) => (d.kind === 'record' ? [d.pattern] : []))
  const { dids, signal, full } = config.track
  const follows = full
    ? 'the whole network'
    : [...signal, ...(dids.length > 0 ? [`${dids.length} accounts`] : [])]
  observer.log.info(
    { handlers: [...new Set(collections)].sort(), follows, relay: config.relay, database: config.database },
    'starting',
  )
  if (!full && signal.length === 0 && dids.length === 0) {
    observer.log.warn(
      'nothing is tracked by the config: set track, or add repos with: lextap repos add <did…>',
    )
  }
}
