// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'

export const $nsid = 'app.bsky.embed.defs'

/**
 * width:height represents an aspect ratio. It may be approximate, and may not correspond to absolute
 * dimensions in any given unit.
 */
export interface AspectRatio {
  $type?: 'app.bsky.embed.defs#aspectRatio'
  /** At least 1. */
  width: number
  /** At least 1. */
  height: number
}

/** @internal */
export function $checkAspectRatio(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<AspectRatio>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.defs#aspectRatio')
    return l.fault('$type', 'app.bsky.embed.defs#aspectRatio', v.$type, '$type')
  const width = v.width
  if (typeof width !== 'number' || !Number.isSafeInteger(width)) return l.notType('integer', width, 'width')
  if (width < 1) return l.outOf('minimum', 'at least 1', width, 'width')
  const height = v.height
  if (typeof height !== 'number' || !Number.isSafeInteger(height))
    return l.notType('integer', height, 'height')
  if (height < 1) return l.outOf('minimum', 'at least 1', height, 'height')
  return undefined
}

/**
 * width:height represents an aspect ratio. It may be approximate, and may not correspond to absolute
 * dimensions in any given unit.
 */
export const aspectRatio: l.ObjectSchema<AspectRatio, 'app.bsky.embed.defs#aspectRatio'> =
  /*#__PURE__*/ l.object('app.bsky.embed.defs#aspectRatio', $checkAspectRatio)
