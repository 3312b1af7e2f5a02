// Written by `lextap codegen`. Do not edit.

export * as strongRef from './strongRef.ts'
