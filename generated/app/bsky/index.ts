// Written by `lextap codegen`. Do not edit.

export * as actor from './actor/index.ts'
export * as embed from './embed/index.ts'
export * as feed from './feed/index.ts'
export * as graph from './graph/index.ts'
export * as labeler from './labeler/index.ts'
export * as notification from './notification/index.ts'
export * as richtext from './richtext/index.ts'
