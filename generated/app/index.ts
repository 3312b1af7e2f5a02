// Written by `lextap codegen`. Do not edit.

export * as bsky from './bsky/index.ts'
