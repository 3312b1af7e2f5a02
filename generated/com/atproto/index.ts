// Written by `lextap codegen`. Do not edit.

export * as label from './label/index.ts'
export * as moderation from './moderation/index.ts'
export * as repo from './repo/index.ts'
