/**
 * lextap as a library: what `lextap run` does, for programs of your own. Nothing here ends the process, reads
 * the environment unasked or logs to anywhere but the observer.
 */

export { type LoadedConfig, type LoadOptions, loadConfig } from './config/load.ts'
export { maskSecrets } from './config/mask.ts'
export { type ResolveContext, resolveConfig } from './config/resolve.ts'
export type { InvalidPolicy, LogLevel, ResolvedConfig, TapConfig } from './config/types.ts'
export type {
  AccountEvent,
  DeleteEvent,
  EventSource,
  IdentityEvent,
  PutEvent,
  RecordEvent,
} from './dispatch/event.ts'
export type {
  AccountHandlerDefinition,
  HandlerContext,
  HandlerDefinition,
  IdentityHandlerDefinition,
  RecordHandlerDefinition,
  RecordIssue,
  RecordSchema,
} from './dispatch/handler.ts'
export { DiscontinuousError, InvalidError, LextapError, TemporaryError, UserError } from './errors.ts'
export { type LoadedHandlers, loadHandlers } from './handlers.ts'
export type { LoggerOptions } from './observe/logger.ts'
export { createObserver, type Observer } from './observe/observer.ts'
export { createTap, type Tap, type TapOptions, type TapStatus } from './tap.ts'
