import type { DeadLetterKind } from '../store/dead-letters.ts'
import type { AccountEvent, IdentityEvent, PutEvent, RecordEvent } from './event.ts'
import type {
  AccountHandlerDefinition,
  IdentityHandlerDefinition,
  RecordHandlerDefinition,
  RecordHandlers,
} from './handler.ts'

/** Why a job failed for good. */
export interface Failure {
  readonly kind: DeadLetterKind
  readonly error: unknown
}

/** One event and everybody who handles it: the smallest thing that is applied or becomes a dead letter. */
export interface Job {
  readonly task: RecordTask | IdentityTask | AccountTask
  /** The repo whose unit this belongs to. */
  readonly did: string
  readonly repoId: number
  attempts: number
  failure: Failure | null
}

export interface RecordTask {
  readonly kind: 'record'
  readonly event: RecordEvent
  readonly handlers: readonly RecordHandlerDefinition[]
}
export interface IdentityTask {
  readonly kind: 'identity'
  readonly event: IdentityEvent
  readonly handlers: readonly IdentityHandlerDefinition[]
}
export interface AccountTask {
  readonly kind: 'account'
  readonly event: AccountEvent
  readonly handlers: readonly AccountHandlerDefinition[]
}

// biome-ignore lint/suspicious/noExplicitAny: definitions are stored side by side whatever their types
type AnyHandlers = RecordHandlers<any, any, any, any>
// biome-ignore lint/suspicious/noExplicitAny: as above
export type HandlerFunction = (event: any, context: any) => void | Promise<void>

/** The function that takes this event: the specific one, else `put`, else `puts` with one event. */
export function handlerFor(handlers: AnyHandlers, event: RecordEvent): HandlerFunction | undefined {
  if (event.action === 'delete') return handlers.delete
  const one = event.action === 'create' ? handlers.create : handlers.update
  if (one !== undefined) return one
  if (handlers.put !== undefined) return handlers.put
  const { puts } = handlers
  return puts === undefined ? undefined : (put: PutEvent, context) => puts([put], context)
}

/** Whether a definition has anything to say about this event. */
export const handles = (definition: RecordHandlerDefinition, event: RecordEvent): boolean =>
  handlerFor(definition.handlers, event) !== undefined
