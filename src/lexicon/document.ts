/** Lexicon documents as they are after the checks of `shape.ts`: every field here is of the type it has here. */

interface Described {
  readonly description?: string
}

export interface LexBoolean extends Described {
  readonly type: 'boolean'
  readonly default?: boolean
  readonly const?: boolean
}
export interface LexInteger extends Described {
  readonly type: 'integer'
  readonly default?: number
  readonly const?: number
  readonly enum?: readonly number[]
  readonly minimum?: number
  readonly maximum?: number
}
export interface LexString extends Described {
  readonly type: 'string'
  readonly format?: StringFormat
  readonly default?: string
  readonly const?: string
  readonly enum?: readonly string[]
  readonly knownValues?: readonly string[]
  readonly minLength?: number
  readonly maxLength?: number
  readonly minGraphemes?: number
  readonly maxGraphemes?: number
}
export interface LexBytes extends Described {
  readonly type: 'bytes'
  readonly minLength?: number
  readonly maxLength?: number
}
export interface LexCidLink extends Described {
  readonly type: 'cid-link'
}
export interface LexBlob extends Described {
  readonly type: 'blob'
  readonly accept?: readonly string[]
  readonly maxSize?: number
}
export interface LexUnknown extends Described {
  readonly type: 'unknown'
}
export interface LexToken extends Described {
  readonly type: 'token'
}
export interface LexRef extends Described {
  readonly type: 'ref'
  readonly ref: string
}
export interface LexUnion extends Described {
  readonly type: 'union'
  readonly refs: readonly string[]
  readonly closed?: boolean
}
export interface LexArray extends Described {
  readonly type: 'array'
  readonly items: LexField
  readonly minLength?: number
  readonly maxLength?: number
}
export interface LexObject extends Described {
  readonly type: 'object'
  readonly properties?: Readonly<Record<string, LexField>>
  readonly required?: readonly string[]
  readonly nullable?: readonly string[]
}

/** What a property, an array's items or a body may be. */
export type LexField =
  | LexBoolean
  | LexInteger
  | LexString
  | LexBytes
  | LexCidLink
  | LexBlob
  | LexUnknown
  | LexRef
  | LexUnion
  | LexArray
  | LexObject

export interface LexRecord extends Described {
  readonly type: 'record'
  readonly key?: string
  readonly record: LexObject
}
export interface LexParams extends Described {
  readonly type: 'params'
  readonly properties?: Readonly<Record<string, LexField>>
  readonly required?: readonly string[]
}
export interface LexBody extends Described {
  readonly encoding: string
  readonly schema?: LexRef | LexUnion | LexObject
}
export interface LexQuery extends Described {
  readonly type: 'query'
  readonly parameters?: LexParams
  readonly output?: LexBody
}
export interface LexProcedure extends Described {
  readonly type: 'procedure'
  readonly parameters?: LexParams
  readonly input?: LexBody
  readonly output?: LexBody
}
export interface LexSubscription extends Described {
  readonly type: 'subscription'
  readonly parameters?: LexParams
  readonly message?: { readonly schema: LexUnion }
}
export interface LexPermissionSet extends Described {
  readonly type: 'permission-set'
}

export type LexDef =
  | Exclude<LexField, LexRef | LexUnion | LexUnknown>
  | LexToken
  | LexRecord
  | LexQuery
  | LexProcedure
  | LexSubscription
  | LexPermissionSet

export interface LexDoc {
  readonly lexicon: 1
  readonly id: string
  readonly description?: string
  /** Definitions lextap knows; the others were passed over with a note. */
  readonly defs: Readonly<Record<string, LexDef>>
  /** Names of those that were passed over. */
  readonly passedOver?: readonly string[]
}

export const STRING_FORMATS = [
  'at-identifier',
  'at-uri',
  'cid',
  'datetime',
  'did',
  'handle',
  'language',
  'nsid',
  'record-key',
  'tid',
  'uri',
] as const
export type StringFormat = (typeof STRING_FORMATS)[number]
