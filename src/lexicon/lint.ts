import type { LexField, LexString } from './document.ts'
import type { Lexicons } from './lexicons.ts'
import { join, type Problem, Problems } from './problem.ts'
import { walk } from './walk.ts'

/** Advice on lexicons of one's own: nothing here is wrong, and each of it was regretted by somebody. */
export function lintLexicons(lexicons: Lexicons, nsids: ReadonlySet<string>): Problem[] {
  const all: Problem[] = []
  for (const { doc, file } of lexicons.sources) {
    if (!nsids.has(doc.id)) continue
    const problems = new Problems(file)
    const { main } = doc.defs
    if (main?.type === 'record' && main.key === undefined)
      problems.note(
        'defs.main',
        'the kind of record key is not said',
        'add `"key": "tid"` (or `any`, `nsid`, `literal:self`)',
      )
    for (const [name, def] of Object.entries(doc.defs)) {
      const inRecord = def.type === 'record'
      walk(def, join('defs', name), (field, path) => lintField(field, path, inRecord, problems))
    }
    all.push(...problems.list)
  }
  return all
}

function lintField(field: LexField, path: string, inRecord: boolean, problems: Problems): void {
  switch (field.type) {
    case 'string':
      lintString(field, path, inRecord, problems)
      break
    case 'union':
      if (field.closed === true)
        problems.note(
          path,
          'a closed union can never get another member',
          'leave it open: old readers skip what they do not know',
        )
      break
    case 'object':
      for (const name of Object.keys(field.properties ?? {}))
        if (!/^[a-z][a-zA-Z0-9]*$/.test(name))
          problems.note(join(join(path, 'properties'), name), `${name} is not in camelCase`, 'the others are')
  }
  if ('enum' in field && field.enum !== undefined)
    problems.note(
      path,
      'an enum can never get another value',
      field.type === 'string'
        ? 'use `knownValues`: old readers pass on what they do not know'
        : 'use `minimum` and `maximum` where they do',
    )
  const wrong = 'default' in field && field.default !== undefined && !isAllowed(field.default, field)
  if (wrong)
    problems.note(
      join(path, 'default'),
      'the default is a value the other limits forbid',
      'correct one of them',
    )
}

function lintString(field: LexString, path: string, inRecord: boolean, problems: Problems): void {
  const bounded = field.maxLength !== undefined || field.enum !== undefined || field.const !== undefined
  if (inRecord && !bounded && field.format === undefined && field.maxGraphemes === undefined)
    problems.note(path, 'a string of any length', 'add `maxLength` (bytes); a record is at most 1 MiB')
  if (field.maxGraphemes === undefined) return
  if (field.maxLength === undefined)
    problems.note(
      path,
      'graphemes are bounded, bytes are not: one grapheme may be any number of bytes',
      `add \`"maxLength": ${field.maxGraphemes * 10}\``,
    )
  else if (field.maxLength < field.maxGraphemes)
    problems.note(
      path,
      `maxGraphemes ${field.maxGraphemes} cannot be reached with maxLength ${field.maxLength}`,
      'maxLength counts bytes; a grapheme has at least one, an emoji up to 25',
    )
}

function isAllowed(value: string | number | boolean, field: LexField): boolean {
  if ('const' in field && field.const !== undefined) return value === field.const
  if ('enum' in field && field.enum !== undefined) return (field.enum as readonly unknown[]).includes(value)
  if (field.type === 'integer' && typeof value === 'number')
    return value >= (field.minimum ?? value) && value <= (field.maximum ?? value)
  return true
}
