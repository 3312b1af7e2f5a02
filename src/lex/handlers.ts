import type { AccountEvent, DeleteEvent, IdentityEvent, PutEvent } from '../dispatch/event.ts'
import type {
  AccountHandlerDefinition,
  HandlerContext,
  IdentityHandlerDefinition,
  RecordHandlerDefinition,
  RecordSchema as RuntimeSchema,
} from '../dispatch/handler.ts'
import { UserError } from '../errors.ts'

/**
 * The types behind the generated `on`. `C` maps NSIDs to record types, `W` maps wildcards such as
 * `app.bsky.graph.*` to the NSIDs they name.
 */

/** A lexicon's namespace (`app.bsky.feed.post`) or its `main`, in place of its name. */
export interface NamesCollection<N extends string> {
  readonly $nsid: N
}

/** The collections an NSID, a wildcard or a namespace stands for. */
export type Named<C, W, P> = P extends keyof W
  ? W[P] & keyof C
  : P extends keyof C
    ? P
    : P extends NamesCollection<infer N>
      ? N & keyof C
      : never

/** A create or update of one of the collections `N`, told apart by `collection`. */
export type PutOf<C, N extends keyof C> = { [K in N]: PutEvent<K & string, C[K]> }[N]
/** A delete of a record of one of the collections `N`. There is no `record`. */
export type DeleteOf<C, N extends keyof C> = { [K in N]: DeleteEvent<K & string> }[N]
/** Either, told apart by `action`. */
export type RecordEventOf<C, N extends keyof C> = PutOf<C, N> | DeleteOf<C, N>

type Handle<E, Context> = (event: E, context: Context) => void | Promise<void>

/** The functions one may write for a collection or a wildcard. `put` is create and update. */
export interface HandlersOf<C, N extends keyof C, Context> {
  create?: Handle<PutOf<C, N>, Context>
  update?: Handle<PutOf<C, N>, Context>
  put?: Handle<PutOf<C, N>, Context>
  delete?: Handle<DeleteOf<C, N>, Context>
  /** Whole chunks of historical puts at once; live ones and retries go to `put`, `create` or `update`. */
  puts?: Handle<readonly PutOf<C, N>[], Context>
  /** Raise it when the handler's meaning changed and a replay is due. */
  version?: number
}

/**
 * Declares what to do with the records of a collection (`'app.bsky.feed.post'`), of several
 * (`'app.bsky.graph.*'`) or of a namespace (`app.bsky.feed.post`).
 */
export type On<C, W, DB, Rows> = <const P extends keyof C | keyof W | NamesCollection<keyof C & string>>(
  collections: P,
  handlers: HandlersOf<C, Named<C, W, P>, HandlerContext<DB, Rows>>,
) => RecordHandlerDefinition

/** Declares what to do when handle, PDS or signing key of a tracked account changed. */
export type OnIdentity<DB, Rows> = (
  handle: Handle<IdentityEvent, HandlerContext<DB, Rows>>,
) => IdentityHandlerDefinition

/** Declares what to do when the standing of a tracked account changed. */
export type OnAccount<DB, Rows> = (
  handle: Handle<AccountEvent, HandlerContext<DB, Rows>>,
) => AccountHandlerDefinition

/** The `on` of one project, from the schemas of its records. */
export function createOn<C, W, DB, Rows>(
  schemas: {
    readonly [N in keyof C]: RuntimeSchema<C[N]>
  },
): On<C, W, DB, Rows> {
  const byName = new Map<string, RuntimeSchema>(Object.entries(schemas))
  return (collections, handlers) => {
    const pattern = typeof collections === 'object' ? collections.$nsid : String(collections)
    const matching = pattern.endsWith('.*')
      ? [...byName.values()].filter((schema) => schema.$nsid.startsWith(pattern.slice(0, -1)))
      : [byName.get(pattern)].filter((schema) => schema !== undefined)
    if (matching.length === 0) throw new UserError(unknownCollection(pattern, [...byName.keys()]))
    return { kind: 'record', pattern, schemas: matching, handlers }
  }
}

function unknownCollection(pattern: string, known: readonly string[]): string {
  const names = known.length === 0 ? 'none' : known.join(', ')
  return `no record lexicon named ${pattern}; known: ${names}; add the lexicon and run \`lextap codegen\``
}

/** The `onIdentity` of one project. */
export function createOnIdentity<DB, Rows>(): OnIdentity<DB, Rows> {
  return (handle) => ({ kind: 'identity', handle })
}

/** The `onAccount` of one project. */
export function createOnAccount<DB, Rows>(): OnAccount<DB, Rows> {
  return (handle) => ({ kind: 'account', handle })
}
