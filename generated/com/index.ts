// Written by `lextap codegen`. Do not edit.

export * as atproto from './atproto/index.ts'
