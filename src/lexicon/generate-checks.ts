import type { LexArray, LexField, LexObject, LexUnion } from './document.ts'
import { type Code, callOf, flat, writeCode, writeConst, writeIf } from './layout.ts'
import { type Target, typeName } from './lexicons.ts'
import { camel, propertyKey, quote, valueName } from './names.ts'
import {
  call,
  lengthChecks,
  oneOf,
  type Path,
  type Refusal,
  scalarChecks,
  wrongType,
} from './scalar-checks.ts'
import type { Scope } from './scope.ts'
import type { Writer } from './writer.ts'

/**
 * Writes checks as straight-line code: the lexicon is walked now, not when a record comes. Every line that finds
 * something wrong returns a fault with the path from the checked value (see `src/lex/fault.ts`).
 */
export class CheckWriter {
  readonly #writer: Writer
  readonly #scope: Scope
  /** `$type` of the definition the code belongs to. */
  readonly #self: string
  #names = new Set<string>(['l', 'v', 'c', 'depth'])

  constructor(writer: Writer, scope: Scope, self: string) {
    this.#writer = writer
    this.#scope = scope
    this.#self = self
  }

  /** That `value` is an object; the path to it is `path`, as arguments in code. */
  guard(def: LexObject, value: string, path: Path, type: string, isRecord: boolean): void {
    const helper = isRecord ? 'isObject' : guardOf(def)
    this.#line(wrongType(`!l.${helper}<${type}>(${value})`, 'object', value, path))
  }

  /** As {@link guard}, for an object without a definition: its fields are the type argument. */
  #inlineGuard(def: LexObject, value: string, path: Path): void {
    const fields = Object.keys(def.properties ?? {}).map((key) => `${propertyKey(key)}: unknown`)
    const type = fields.length === 0 ? '' : `<{ ${fields.join('; ')} }>`
    const refusal = wrongType(`!l.${guardOf(def)}${type}(${value})`, 'object', value, path)
    const writer = this.#writer
    if (type === '' || refusal.tests.join('').length + 5 <= writer.room) {
      this.#line(refusal)
      return
    }
    const each = () => {
      for (const field of fields) writer.line(field)
    }
    writer.block('if (', () => writer.block(`!l.${guardOf(def)}<{`, each, `}>(${value})`), ')')
    writer.indented(() => writeCode(writer, 'return ', refusal.fault))
  }

  properties(def: LexObject, value: string, path: Path): void {
    for (const [key, field] of Object.entries(def.properties ?? {}))
      this.#property(def, key, field, value, [...path, quote(key)])
  }

  /** Checks of anything in the variable `value`. */
  field(field: LexField, value: string, path: Path): void {
    switch (field.type) {
      case 'unknown':
        this.#nested(`l.data(${value})`, value, path)
        return
      case 'ref':
        this.#ref(field.ref, value, path)
        return
      case 'union':
        this.#union(field, value, path)
        return
      case 'array':
        this.#array(field, value, path)
        return
      case 'object':
        this.#inlineGuard(field, value, path)
        this.properties(field, value, path)
        return
      default:
        for (const line of scalarChecks(field, value, path)) this.#line(line)
    }
  }

  #property(def: LexObject, key: string, field: LexField, owner: string, path: Path): void {
    const name = this.#name(key)
    writeConst(this.#writer, `const ${name}`, read(owner, key))
    const required = def.required?.includes(key) === true
    const guards: string[] = []
    if (!required || hasDefault(field)) guards.push(`${name} !== undefined`)
    if (def.nullable?.includes(key) === true) guards.push(`${name} !== null`)
    if (guards.length === 0) this.field(field, name, path)
    else this.#block(`if (${guards.join(' && ')}) {`, () => this.field(field, name, path))
    if (required && hasDefault(field))
      this.#line(wrongType(`${name} === undefined && !c.fill`, field.type, name, path))
  }

  #ref(ref: string, value: string, path: Path): void {
    const target = this.#scope.resolve(ref)
    if (target === undefined) return
    if (target.def.type === 'token')
      this.#line(oneOf('const', [typeName(target.doc.id, target.name)], value, path))
    else this.#nested(this.#check(target, value), value, path)
  }

  /** A call of another definition's check. */
  #check(target: Target, value: string): string {
    return `${this.#scope.checkOf(target)}(${value}, c${this.#scope.depthArgument(this.#self, target)})`
  }

  #union(field: LexUnion, value: string, path: Path): void {
    this.#line(wrongType(`!l.isTyped(${value})`, 'an object with $type', value, path))
    const fault = this.#name(`${value}Fault`)
    const targets = new Map<string, Target>()
    for (const ref of field.refs) {
      const target = this.#scope.resolve(ref)
      if (target !== undefined) targets.set(typeName(target.doc.id, target.name), target)
    }
    if (targets.size === 0 && field.closed === true) {
      const refusal = call('fault', ["'union'", "'no value at all'", `${value}.$type`], [...path, "'$type'"])
      this.#line({ tests: [`${value}.$type !== undefined`], by: '&&', fault: refusal })
      return
    }
    this.#line(`let ${fault}: l.Fault | undefined`)
    this.#block(`switch (${value}.$type) {`, () => {
      for (const [type, target] of targets) {
        const member = () => this.#line(`${fault} = ${this.#check(target, value)}`).line('break')
        this.#block(`case ${quote(type)}:`, member, '')
      }
      const other = () => {
        if (field.closed !== true) return this.#line(`${fault} = l.openMember(${value})`)
        const all = [...targets.keys()]
        const expected = all.length > 4 ? `one of ${all.length} types` : all.join(' or ')
        const parts = ["'union'", quote(expected), `${value}.$type`]
        return this.#line(`return ${flat(call('fault', parts, [...path, "'$type'"]))}`)
      }
      this.#block('default:', other, '')
    })
    this.#passOn(fault, path)
  }

  #array(field: LexArray, value: string, path: Path): void {
    this.#line(wrongType(`!Array.isArray(${value})`, 'array', value, path))
    for (const line of lengthChecks(field, `${value}.length`, 'item', path)) this.#line(line)
    const outer = new Set(this.#names)
    const [index, item] = [this.#name('i'), this.#name('item')]
    this.#block(`for (let ${index} = 0; ${index} < ${value}.length; ${index}++) {`, () => {
      this.#line(`const ${item}: unknown = ${value}[${index}]`)
      this.field(field.items, item, [...path, index])
    })
    this.#names = outer
  }

  #nested(check: string, value: string, path: Path): void {
    const fault = this.#name(`${value}Fault`)
    this.#line(`const ${fault} = ${check}`)
    this.#passOn(fault, path)
  }

  /** What a nested check found, with the way to it. */
  #passOn(fault: string, path: Path): void {
    const whole: Code = path.length === 0 ? fault : callOf('l.at', fault, ...path)
    writeIf(this.#writer, { tests: [`${fault} !== undefined`], by: '&&' }, 'return ', whole)
  }

  /** A variable for a property: its own name where that is one, free, and cannot hide an import or a function. */
  #name(wanted: string): string {
    const plain = camel(wanted).replace(/[^\w$]/g, '')
    const base = /^[a-z_][\w$]*$/.test(plain) ? valueName(plain) : `field${plain}`
    let name = base
    for (let n = 2; this.#names.has(name); n++) name = `${base}${n}`
    this.#names.add(name)
    return name
  }

  /** Names given inside a block are free again after it. */
  #block(open: string, body: () => void, close = '}'): void {
    const outer = new Set(this.#names)
    this.#writer.block(open, body, close)
    this.#names = outer
  }

  #line(code: string | Refusal): Writer {
    if (typeof code === 'string') return this.#writer.line(code)
    const name = (test: string) =>
      test.replace(/^!(Array|Number)(?=\.)/, (_, global) => `!${this.#scope.global(global)}`)
    writeIf(this.#writer, { ...code, tests: code.tests.map(name) }, 'return ', code.fault)
    return this.#writer
  }
}

/** Names every object inherits something for: reading them as plain properties would find that. */
const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype))

export function read(owner: string, key: string): string {
  if (INHERITED.has(key)) return `l.own(${owner}, ${quote(key)})`
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${owner}.${key}` : `${owner}[${quote(key)}]`
}

/** An object that may be empty must not be taken for a CID, bytes or a blob. */
const guardOf = (def: LexObject): string => ((def.required ?? []).length === 0 ? 'isMap' : 'isObject')

export const hasDefault = (field: LexField): boolean => 'default' in field && field.default !== undefined
