import type { LexDef, LexField } from './document.ts'

/** The lines of a doc comment: what the lexicon says, then the limits a type cannot say, then deprecation. */
export function docLines(def: LexDef | LexField, extra: readonly string[] = []): string[] {
  const { text, deprecated } = splitDeprecation(def.description)
  const paragraphs = [text, ...limits(def), ...extra].filter((line) => line !== '')
  const lines = paragraphs.flatMap((line, i) => (i === 0 ? line.split('\n') : ['', ...line.split('\n')]))
  if (deprecated !== null)
    lines.push(...(lines.length === 0 ? [] : ['']), `@deprecated ${deprecated}`.trimEnd())
  return lines
}

/** Lexicons say `DEPRECATED: …` or `Deprecated …` in prose; editors want a tag. */
export function splitDeprecation(description: string | undefined): {
  text: string
  deprecated: string | null
} {
  const text = description?.toWellFormed().replaceAll('\r', '').trim() ?? ''
  const match = /^(?:\(?deprecated\)?|@deprecated)\b\s*[:.,–—-]*\s*/i.exec(text)
  if (match === null) return { text, deprecated: /\bdeprecated\b/i.test(text) ? '' : null }
  return { text: '', deprecated: text.slice(match[0].length).replaceAll('\n', ' ') }
}

/** One sentence: "At most 3000 bytes, at most 300 graphemes." */
function limits(def: LexDef | LexField): string[] {
  const parts = limitParts(def)
  if ('default' in def && def.default !== undefined) parts.push(`default ${JSON.stringify(def.default)}`)
  const text = parts.join(', ')
  return text === '' ? [] : [`${text.charAt(0).toUpperCase()}${text.slice(1)}.`]
}

function limitParts(def: LexDef | LexField): string[] {
  switch (def.type) {
    case 'string':
      return [
        ...(def.format === undefined ? [] : [`format ${def.format}`]),
        ...between(def.minLength, def.maxLength, 'byte'),
        ...between(def.minGraphemes, def.maxGraphemes, 'grapheme'),
      ]
    case 'integer':
      return [
        ...(def.minimum === undefined ? [] : [`at least ${def.minimum}`]),
        ...(def.maximum === undefined ? [] : [`at most ${def.maximum}`]),
      ]
    case 'bytes':
      return between(def.minLength, def.maxLength, 'byte')
    case 'array': {
      const each = limitParts(def.items).join(', ')
      return [...between(def.minLength, def.maxLength, 'item'), ...(each === '' ? [] : [`each ${each}`])]
    }
    case 'blob':
      return [
        ...(def.accept === undefined || def.accept.includes('*/*')
          ? []
          : [`accepts ${def.accept.join(', ')}`]),
        ...between(undefined, def.maxSize, 'byte'),
      ]
    default:
      return []
  }
}

function between(min: number | undefined, max: number | undefined, unit: string): string[] {
  const parts: string[] = []
  if (min !== undefined && min > 0) parts.push(`at least ${counted(min, unit)}`)
  if (max !== undefined) parts.push(`at most ${counted(max, unit)}`)
  return parts
}

/** `1 byte`, `2 bytes`. */
export const counted = (n: number, unit: string): string => `${n} ${unit}${n === 1 ? '' : 's'}`
