import { docLines } from './doc-lines.ts'
import type {
  LexBody,
  LexDef,
  LexDoc,
  LexField,
  LexObject,
  LexProcedure,
  LexQuery,
  LexRecord,
  LexSubscription,
} from './document.ts'
import { CheckWriter, hasDefault } from './generate-checks.ts'
import { filled, fillOf, writeFills } from './generate-fills.ts'
import { writeAlias, writeInterface } from './generate-types.ts'
import { HEADER } from './header.ts'
import { callOf, writeCode, writeConst, writeDeclaration, writeFunction, writeIf } from './layout.ts'
import { type Lexicons, typeName } from './lexicons.ts'
import {
  checkName,
  defTypeName,
  exportName,
  fillName,
  namespaceName,
  quote,
  tokenName,
  valueName,
} from './names.ts'
import type { Recursion } from './recursion.ts'
import { Scope } from './scope.ts'
import { docComment, Writer } from './writer.ts'

/** The file of one lexicon: types, checks and schemas. `children` are namespaces that live below its NSID. */
export function generateModule(
  doc: LexDoc,
  lexicons: Lexicons,
  recursion: Recursion,
  children: readonly (readonly [name: string, path: string])[],
): string {
  const scope = new Scope(doc, lexicons, recursion)
  const body = new Writer()
  const main = doc.defs.main
  for (const [name, def] of Object.entries(doc.defs)) writeDef(body, scope, name, def)
  const text = body.toString()
  const head = new Writer()
  head.line(HEADER).line()
  const imports = scope.imports()
  const code = codeOf(text)
  // Checks and schemas call helpers; query and procedure documents only have types.
  if (/\bl\.[a-z]\w*\(/.test(code)) imports.unshift("import * as l from 'lextap/lex'")
  else if (/\bl\./.test(code)) imports.unshift("import type * as l from 'lextap/lex'")
  for (const line of imports) head.line(line)
  if (imports.length > 0) head.line()
  docComment(head, doc.description === undefined ? [] : [doc.description])
  writeConst(head, 'export const $nsid', quote(doc.id))
  if (main !== undefined && (main.type === 'record' || main.type === 'object'))
    writeConst(head, 'export const $type', quote(doc.id))
  if (main !== undefined && isMethod(main)) writeConst(head, 'export const $lxm', quote(doc.id))
  for (const [name, path] of children) head.line(`export * as ${namespaceName(name)} from '${path}'`)
  return head.toString() + text
}

/** The text without comments and string literals, where a lexicon's own words stand. */
const codeOf = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'/g, "''")

const isMethod = (def: LexDef): boolean => ['query', 'procedure', 'subscription'].includes(def.type)

function writeDef(writer: Writer, scope: Scope, name: string, def: LexDef): void {
  switch (def.type) {
    case 'record':
      writeRecord(writer, scope, def)
      return
    case 'object':
      writeObject(writer, scope, name, def)
      return
    case 'query':
    case 'procedure':
    case 'subscription':
      writeMethod(writer, scope, def)
      return
    case 'permission-set':
      return
    case 'token': {
      const type = defTypeName(name)
      writer.line()
      docComment(writer, docLines(def))
      const value = tokenName(type)
      const exported = value === type
      writer.line(`${exported ? 'export ' : ''}const ${value} = ${quote(typeName(scope.doc.id, name))}`)
      writer.line(`${exported ? 'export ' : ''}type ${value} = typeof ${value}`)
      if (!exported) writer.line(`export { ${value} as ${type} }`)
      return
    }
    default:
      writeValue(writer, scope, name, def)
      return
  }
}

function writeRecord(writer: Writer, scope: Scope, def: LexRecord): void {
  const nsid = quote(scope.doc.id)
  writer.line()
  docComment(
    writer,
    docLines({ ...def.record, ...(def.description === undefined ? {} : { description: def.description }) }),
  )
  writeInterface(writer, scope, 'Main', def.record, `$type: ${nsid}`)
  writeCheck(writer, scope, 'main', (checks, lines) => {
    checks.guard(def.record, 'v', [], 'Main', true)
    lines.line(`if (v.$type !== $nsid) return l.fault('$type', $nsid, v.$type, '$type')`)
    checks.properties(def.record, 'v', [])
  })
  const fill = writeFill(writer, scope, 'main', def.record)
  writer.line()
  docComment(writer, docLines(def))
  const schema = callOf('l.record', '$nsid', quote(def.key ?? 'any'), checkName('main'), ...fill)
  const types = ['Main', nsid, ...filledFields(def.record)]
  writeDeclaration(writer, 'export const main: l.RecordSchema', types, schema)
  writeShortcuts(writer)
}

function writeObject(writer: Writer, scope: Scope, name: string, def: LexObject): void {
  const [type, self] = [defTypeName(name), quote(typeName(scope.doc.id, name))]
  writer.line()
  docComment(writer, docLines(def))
  writeInterface(writer, scope, type, def, `$type?: ${self}`)
  writeCheck(writer, scope, name, (checks, lines) => {
    checks.guard(def, 'v', [], type, false)
    const tests = ['c.strict', 'v.$type !== undefined', `v.$type !== ${self}`]
    const fault = callOf('l.fault', "'$type'", self, 'v.$type', "'$type'")
    writeIf(lines, { tests, by: '&&' }, 'return ', fault)
    checks.properties(def, 'v', [])
  })
  const fill = writeFill(writer, scope, name, def)
  writer.line()
  docComment(writer, docLines(def))
  const value = valueName(name)
  const exported = value === exportName(name)
  const head = `${exported ? 'export ' : ''}const ${value}: l.ObjectSchema`
  const schema = callOf('l.object', self, checkName(name), ...fill)
  writeDeclaration(writer, head, [type, self, ...filledFields(def)], schema)
  if (!exported) writer.line(`export { ${value} as ${exportName(name)} }`)
  if (name === 'main') writeShortcuts(writer)
}

/** The required fields `$build` fills in, as a type, if there are any. */
function filledFields({ required = [], properties = {} }: LexObject): string[] {
  const names = [...new Set(required)].filter((name) => {
    const field = properties[name]
    return field !== undefined && hasDefault(field)
  })
  return names.length === 0 ? [] : [names.map(quote).join(' | ')]
}

/** A definition that is a string, a number, an array and so on: a type and a check, no `$type`. */
function writeValue(writer: Writer, scope: Scope, name: string, def: Exclude<LexField, LexObject>): void {
  writer.line()
  docComment(writer, docLines(def))
  writeAlias(writer, scope, defTypeName(name), def)
  writeCheck(writer, scope, name, (checks) => checks.field(def, 'v', []))
  if (!scope.recursion.hasDefaults(typeName(scope.doc.id, name))) return
  writer.line()
  const [type, fill] = [defTypeName(name), fillOf(scope, def)]
  writeFunction(writer, fillName(name), [`v: ${type}`], type, () =>
    writeCode(writer, 'return ', fill === null ? 'v' : filled(fill, 'v'), ` as ${type}`),
  )
}

function writeCheck(
  writer: Writer,
  scope: Scope,
  name: string,
  body: (checks: CheckWriter, writer: Writer) => void,
): void {
  const self = typeName(scope.doc.id, name)
  const cyclic = scope.recursion.isCyclic(self)
  const inner = new Writer(2)
  if (cyclic) inner.line('if (depth > l.MAX_DEPTH) return l.tooDeep()')
  body(new CheckWriter(inner, scope, self), inner)
  inner.line('return undefined')
  // A parameter nothing uses has an underscore, so that the strictest compiler options accept it.
  const options = /(?<![\w$.])c\b(?!:)/.test(codeOf(inner.toString())) ? 'c' : '_c'
  const parameters = ['v: unknown', `${options}: l.CheckOptions`]
  // Whoever asks for a value as a whole starts at depth 0.
  if (cyclic) parameters.push('depth: number = 0')
  writer.line()
  docComment(writer, ['@internal'])
  writeFunction(writer, checkName(name), parameters, 'l.Fault | undefined', () => writer.add(inner))
}

/** Writes the function that fills in defaults, if there are any, and returns it as an argument. */
function writeFill(writer: Writer, scope: Scope, name: string, def: LexObject): string[] {
  if (!scope.recursion.hasDefaults(typeName(scope.doc.id, name))) return []
  const type = defTypeName(name)
  writer.line()
  docComment(writer, ['@internal'])
  writeFunction(writer, fillName(name), [`v: ${type}`], type, () => writeFills(writer, scope, def))
  return [fillName(name)]
}

/** The schema's functions as members of the namespace, the way `@atproto/lex` has them. */
function writeShortcuts(writer: Writer): void {
  writer.line()
  for (const name of ['$build', '$matches', '$parse', '$safeParse', '$validate', '$safeValidate']) {
    // A call that is marked: bundlers take reading a property for an effect, and would keep every lexicon for it.
    writer.line(`export const ${name}: typeof main.${name} = /*#__PURE__*/ l.get(main, '${name}')`)
  }
}

function writeMethod(writer: Writer, scope: Scope, def: LexQuery | LexProcedure | LexSubscription): void {
  writer.line()
  docComment(writer, [
    ...docLines(def),
    ...(def.description === undefined ? [] : ['']),
    `Parameters of the ${def.type}.`,
  ])
  writeInterface(writer, scope, '$Params', def.parameters ?? { type: 'params' })
  if (def.type === 'procedure') writeBody(writer, scope, '$InputBody', def.input)
  if (def.type !== 'subscription') writeBody(writer, scope, '$OutputBody', def.output)
  else if (def.message !== undefined) {
    writer.line()
    docComment(writer, ['A message of the subscription.'])
    writeAlias(writer, scope, '$Message', def.message.schema)
  }
}

function writeBody(writer: Writer, scope: Scope, name: string, body: LexBody | undefined): void {
  if (body === undefined) return
  writer.line()
  docComment(writer, [
    ...docLines({
      type: 'unknown',
      ...(body.description === undefined ? {} : { description: body.description }),
    }),
    `Encoding ${body.encoding}.`,
  ])
  if (body.schema === undefined) writer.line(`export type ${name} = ${scope.global('Uint8Array')}`)
  else if (body.schema.type === 'object') writeInterface(writer, scope, name, body.schema)
  else writeAlias(writer, scope, name, body.schema)
}
