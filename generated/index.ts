// Written by `lextap codegen`. Do not edit.

export * as app from './app/index.ts'
export * as com from './com/index.ts'
export * as xyz from './xyz/index.ts'
