// Written by `lextap codegen`. Do not edit.

export * as defs from './defs.ts'
export * as like from './like.ts'
export * as post from './post.ts'
export * as postgate from './postgate.ts'
export * as threadgate from './threadgate.ts'
