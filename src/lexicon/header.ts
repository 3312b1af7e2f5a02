/** First line of every generated file: how lextap knows which files of the folder are its own. */
export const HEADER = '// Written by `lextap codegen`. Do not edit.'
