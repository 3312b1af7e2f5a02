// Written by `lextap codegen`. Do not edit.

export * as status from './status.ts'
