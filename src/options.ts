import type { HandlerDefinition, RecordSchema } from './dispatch/handler.ts'
import type { Observer } from './observe/observer.ts'
import type { HandleResolver } from './protocol/handles.ts'

export interface TapOptions {
  readonly observer: Observer
  readonly definitions: readonly HandlerDefinition[]
  /** NSID → schema of every record lexicon, as `generated/handlers.ts` exports it. */
  readonly schemas: Readonly<Record<string, RecordSchema>>
  /** NSID → what its lexicon means, as `generated/handlers.ts` exports it. Default: nothing known. */
  readonly fingerprints?: Readonly<Record<string, string>>
  /** Forget the saved cursor and start at the head of the stream; what was missed is found by comparing revs. */
  readonly resetCursor?: boolean
  /** Finds the DID of a handle. Default: DNS and https well-known. The sandbox brings its own. */
  readonly handles?: HandleResolver
}
