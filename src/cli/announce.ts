import type { ResolvedConfig } from '../config/types.ts'
import type { LoadedHandlers } from '../handlers.ts'
import { maskUrl } from '../observe/mask.ts'
import type { Observer } from '../observe/observer.ts'

/** What is about to run, in one log line. */
export function announce(config: ResolvedConfig, handlers: LoadedHandlers, observer: Observer): void {
  const collections = handlers.definitions.flatMap((d) => (d.kind === 'record' ? [d.pattern] : []))
  const { dids, signal, full } = config.track
  const { source } = config
  const follows = full
    ? 'the whole network'
    : [...signal, ...(dids.length > 0 ? [`${dids.length} accounts`] : [])]
  observer.log.info(
    {
      handlers: [...new Set(collections)].sort(),
      follows,
      ...(source.kind === 'relay' ? { relay: config.relay } : { [source.kind]: maskUrl(source.url) }),
      database: maskUrl(config.database),
    },
    'starting',
  )
  // What a Tap follows comes without our saying.
  if (source.kind === 'tap') return
  if (!full && signal.length === 0 && dids.length === 0) {
    observer.log.warn(
      'nothing is tracked by the config: set track, or add repos with: lextap repos add <did…>',
    )
  }
}
