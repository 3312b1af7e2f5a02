// Written by `lextap codegen`. Do not edit.

export * as statusphere from './statusphere/index.ts'
