import { UserError } from '../errors.ts'
import type {
  AccountHandlerDefinition,
  HandlerDefinition,
  IdentityHandlerDefinition,
  RecordHandlerDefinition,
  RecordSchema,
} from './handler.ts'
import { matches } from './patterns.ts'

export interface RegistryOptions {
  /** NSID → schema of every record lexicon there is, as `generated/handlers.ts` exports them. */
  readonly schemas: Readonly<Record<string, RecordSchema>>
  /** Collections to index, `ns.*` wildcards allowed; null for those with handlers. */
  readonly collections: readonly string[] | null
  /**
   * Also index collections without a lexicon, unvalidated, as Tap does: those that `collections` names, and
   * all of them where nothing is named and nothing is handled. Default false.
   */
  readonly open?: boolean
}

/** Collections by what happens with their records; patterns among them where there may be more. */
export interface Followed {
  readonly indexed: readonly string[]
  readonly handled: readonly string[]
  /** Handled once and not now; absent where nobody knows. */
  readonly away?: readonly string[]
}

/** What a handler is called by people: what its module exports it as, or else what it is for. */
export const nameOf = (definition: RecordHandlerDefinition): string => definition.name ?? definition.pattern

/** Which collections we index, what their records look like, and who handles them. */
export class Registry {
  /** Collections we index, sorted. */
  readonly collections: readonly string[]
  readonly identity: readonly IdentityHandlerDefinition[]
  readonly account: readonly AccountHandlerDefinition[]
  readonly #wanted: ReadonlySet<string>
  /** Patterns that may name collections we have no lexicon of. */
  readonly #open: readonly string[]
  readonly #schemas: ReadonlyMap<string, RecordSchema>
  readonly #handlers = new Map<string, readonly RecordHandlerDefinition[]>()

  /** Throws UserError for a pattern that names no known record lexicon, and for a version that is no number of a version. */
  constructor(definitions: readonly HandlerDefinition[], options: RegistryOptions) {
    const records = definitions.filter((d) => d.kind === 'record')
    this.identity = definitions.filter((d) => d.kind === 'identity')
    this.account = definitions.filter((d) => d.kind === 'account')
    this.#schemas = new Map([
      ...records.flatMap((d) => d.schemas.map((schema) => [schema.$nsid, schema] as const)),
      ...Object.values(options.schemas).map((schema) => [schema.$nsid, schema] as const),
    ])
    this.#open = options.open === true ? (options.collections ?? (records.length === 0 ? ['*'] : [])) : []
    const handled = records.flatMap((d) => this.#known(d.pattern, 'a handler'))
    this.#wanted = new Set(
      options.collections === null
        ? handled
        : options.collections.flatMap((pattern) =>
            options.open === true ? this.expand([pattern]) : this.#known(pattern, 'the option `collections`'),
          ),
    )
    this.collections = [...this.#wanted].sort()
    for (const definition of records) {
      this.#reachable(definition.pattern)
      requireVersion(definition)
    }
    for (const collection of this.collections) {
      this.#handlers.set(
        collection,
        records.filter((d) => matches(d.pattern, collection)),
      )
    }
  }

  /** Whether records of the collection are indexed (and handled, where there is a handler). */
  wants(collection: string): boolean {
    return this.#wanted.has(collection) || this.#open.some((pattern) => matches(pattern, collection))
  }

  /** Whether there may be collections beside `collections`. */
  get open(): boolean {
    return this.#open.length > 0
  }

  get followed(): Followed {
    return {
      indexed: [...new Set([...this.collections, ...this.#open])].sort(),
      handled: this.collections.filter((collection) => this.handlersOf(collection).length > 0),
    }
  }

  schemaOf(collection: string): RecordSchema | undefined {
    return this.#schemas.get(collection)
  }

  /** In declaration order. */
  handlersOf(collection: string): readonly RecordHandlerDefinition[] {
    return this.#handlers.get(collection) ?? []
  }

  /** The known record collections that the patterns name. */
  expand(patterns: readonly string[]): string[] {
    return [
      ...new Set(patterns.flatMap((pattern) => [...this.#schemas.keys()].filter((c) => matches(pattern, c)))),
    ]
  }

  #known(pattern: string, who: string): string[] {
    const found = this.expand([pattern])
    if (found.length > 0) return found
    const known = [...this.#schemas.keys()].sort().join(', ')
    throw new UserError(
      `${who} names a collection without a lexicon: ${pattern}; known collections: ${known === '' ? '(none)' : known}`,
      { code: 'unknown-collection' },
    )
  }

  /** A handler that could never run is a mistake, not a choice. */
  #reachable(pattern: string): void {
    if (this.collections.some((collection) => matches(pattern, collection))) return
    throw new UserError(
      `the handler for ${pattern} would never run: the option \`collections\` leaves it out; indexed collections: ${this.collections.join(', ')}`,
      { code: 'unreachable-handler' },
    )
  }
}

/** One that never rises, or falls, would keep a replay from ever coming. */
function requireVersion(definition: RecordHandlerDefinition): void {
  const version: unknown = definition.handlers.version
  if (version === undefined || (Number.isSafeInteger(version) && Number(version) >= 0)) return
  throw new UserError(
    `the version of the handler \`${nameOf(definition)}\` is ${JSON.stringify(version) ?? String(version)}; it is a whole number from 0 on, and whoever raises it has what is stored handled again`,
    { code: 'handler-version' },
  )
}
