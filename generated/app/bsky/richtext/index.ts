// Written by `lextap codegen`. Do not edit.

export * as facet from './facet.ts'
