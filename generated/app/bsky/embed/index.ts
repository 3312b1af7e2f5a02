// Written by `lextap codegen`. Do not edit.

export * as defs from './defs.ts'
export * as external from './external.ts'
export * as gallery from './gallery.ts'
export * as images from './images.ts'
export * as record from './record.ts'
export * as recordWithMedia from './recordWithMedia.ts'
export * as video from './video.ts'
