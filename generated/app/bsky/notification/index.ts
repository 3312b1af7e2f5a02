// Written by `lextap codegen`. Do not edit.

export * as defs from './defs.ts'
