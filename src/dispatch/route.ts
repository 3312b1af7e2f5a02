import type { InvalidPolicy } from './check-record.ts'
import type { RecordHandlerDefinition, RecordSchema } from './handler.ts'
import { mostSpecific } from './patterns.ts'
import type { Registry } from './registry.ts'

// biome-ignore lint/suspicious/noExplicitAny: definitions are stored side by side whatever their types
export type HandlerFunction = (event: any, context: any) => void | Promise<void>

/** One function that takes an event, and the one that takes many of them where there is one. */
export interface Call {
  readonly fn: HandlerFunction
  readonly puts: HandlerFunction | null
}

/** Everything there is to know about the records of one collection, looked up once. */
export interface Route {
  readonly schema: RecordSchema | undefined
  readonly invalid: InvalidPolicy
  readonly legacyBlobs: boolean
  /** In declaration order. */
  readonly create: readonly Call[]
  readonly update: readonly Call[]
  readonly delete: readonly Call[]
}

export interface RecordPolicy {
  /** Pattern → what becomes of records that break their lexicon (H3); `*` stands for the rest. */
  readonly invalid: Readonly<Record<string, InvalidPolicy>>
  readonly legacyBlobs: boolean
}

/** What routes are made from. */
export type Handled = Pick<Registry, 'collections' | 'handlersOf' | 'schemaOf'>

export class Routes {
  readonly #registry: Handled
  readonly #policy: RecordPolicy
  readonly #known = new Map<string, Route>()
  /** Collections nobody handles share one. */
  readonly #none: Route

  constructor(registry: Handled, policy: RecordPolicy) {
    this.#registry = registry
    this.#policy = policy
    this.#none = { schema: undefined, invalid: 'skip', legacyBlobs: true, create: [], update: [], delete: [] }
    for (const collection of registry.collections) this.#known.set(collection, this.#make(collection))
  }

  of(collection: string): Route {
    return this.#known.get(collection) ?? this.#none
  }

  #make(collection: string): Route {
    const definitions = this.#registry.handlersOf(collection)
    return {
      schema: this.#registry.schemaOf(collection),
      invalid: mostSpecific(this.#policy.invalid, collection) ?? 'dead-letter',
      legacyBlobs: this.#policy.legacyBlobs,
      create: definitions.flatMap((definition) => putCalls(definition, definition.handlers.create)),
      update: definitions.flatMap((definition) => putCalls(definition, definition.handlers.update)),
      delete: definitions.flatMap(({ handlers }) =>
        handlers.delete === undefined ? [] : [{ fn: handlers.delete, puts: handlers.puts ?? null }],
      ),
    }
  }
}

/** The specific function, else `put`, else `puts` with one event. */
function putCalls({ handlers }: RecordHandlerDefinition, specific: HandlerFunction | undefined): Call[] {
  const puts: HandlerFunction | null = handlers.puts ?? null
  const fn =
    specific ?? handlers.put ?? (puts === null ? undefined : (event, context) => puts([event], context))
  return fn === undefined ? [] : [{ fn, puts }]
}
