import type { ResolvedConfig } from '../config/types.ts'
import type { LoadedHandlers } from '../handlers.ts'
import { maskUrl } from '../observe/mask.ts'
import type { Observer } from '../observe/observer.ts'

/** What is about to run, in one log line. */
export function announce(config: ResolvedConfig, handlers: LoadedHandlers, observer: Observer): void {
  const collections = handlers.definitions.flatMap((d) => (d.kind === 'record' ? [d.pattern] : []))
  const { dids, signal, full } = config.track
  const follows = full
    ? 'the whole network'
    : [...signal, ...(dids.length > 0 ? [`${dids.length} accounts`] : [])]
  observer.log.info(
    {
      handlers: [...new Set(collections)].sort(),
      follows,
      relay: config.relay,
      database: maskUrl(config.database),
    },
    'starting',
  )
  if (!full && signal.length === 0 && dids.length === 0) {
    observer.log.warn(
      'nothing is tracked by the config: set track, or add repos with: lextap repos add <did…>',
    )
  }
}
