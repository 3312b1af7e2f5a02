import type {
  LexArray,
  LexBlob,
  LexField,
  LexInteger,
  LexObject,
  LexString,
  LexUnion,
  StringFormat,
} from './document.ts'
import { typeName } from './lexicons.ts'
import { camel, quote, valueName } from './names.ts'
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
  guard(def: LexObject, value: string, path: readonly string[], type: string, isRecord: boolean): void {
    const empty = (def.required ?? []).length === 0 && !isRecord
    this.#line(
      `if (!l.${empty ? 'isMap' : 'isObject'}<${type}>(${value})) return ${this.#call('notType', "'object'", value, path)}`,
    )
  }

  properties(def: LexObject, value: string, path: readonly string[]): void {
    for (const [key, field] of Object.entries(def.properties ?? {}))
      this.#property(def, key, field, value, [...path, quote(key)])
  }

  /** Checks of anything in the variable `value`. */
  field(field: LexField, value: string, path: readonly string[]): void {
    switch (field.type) {
      case 'boolean':
        this.#wrongType(`typeof ${value} !== 'boolean'`, 'boolean', value, path)
        if (field.const !== undefined) this.#oneOf('const', [field.const], value, path)
        return
      case 'integer':
        this.#integer(field, value, path)
        return
      case 'string':
        this.#string(field, value, path)
        return
      case 'bytes':
        this.#wrongType(`!l.isBytes(${value})`, 'bytes', value, path)
        this.#limits(field, `l.bytesLength(${value})`, 'Length', 'byte', path)
        return
      case 'cid-link':
        this.#wrongType(`!l.isCidLink(${value})`, 'a cid link', value, path)
        return
      case 'blob':
        this.#blob(field, value, path)
        return
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
        this.guard(field, value, path, inlineShape(field), false)
        this.properties(field, value, path)
    }
  }

  #property(def: LexObject, key: string, field: LexField, owner: string, path: readonly string[]): void {
    const name = this.#name(key)
    this.#line(`const ${name} = ${read(owner, key)}`)
    const required = def.required?.includes(key) === true
    const guards: string[] = []
    if (!required || hasDefault(field)) guards.push(`${name} !== undefined`)
    if (def.nullable?.includes(key) === true) guards.push(`${name} !== null`)
    if (guards.length === 0) this.field(field, name, path)
    else this.#block(`if (${guards.join(' && ')}) {`, () => this.field(field, name, path))
    if (required && hasDefault(field))
      this.#line(
        `if (${name} === undefined && !c.fill) return ${this.#call('notType', quote(field.type), name, path)}`,
      )
  }

  #integer(field: LexInteger, value: string, path: readonly string[]): void {
    if (this.#literal(field, value, path)) return
    const bounds = field.minimum !== undefined || field.maximum !== undefined
    // `Number.isSafeInteger` does not narrow, so compare as numbers only where TypeScript has to be told.
    const test = bounds
      ? `typeof ${value} !== 'number' || !Number.isSafeInteger(${value})`
      : `!Number.isSafeInteger(${value})`
    this.#wrongType(test, 'integer', value, path)
    if (field.minimum !== undefined)
      this.#line(
        `if (${value} < ${field.minimum}) return ${this.#call('outOf', "'minimum'", quote(`at least ${field.minimum}`), value, path)}`,
      )
    if (field.maximum !== undefined)
      this.#line(
        `if (${value} > ${field.maximum}) return ${this.#call('outOf', "'maximum'", quote(`at most ${field.maximum}`), value, path)}`,
      )
  }

  #string(field: LexString, value: string, path: readonly string[]): void {
    if (field.format === undefined && this.#literal(field, value, path)) return
    if (field.format !== undefined) {
      const [check, options] = FORMATS[field.format]
      const test = `${check}(${value}${options ? ', c' : ''})`
      this.#line(
        `if (typeof ${value} !== 'string' || !${test}) return ${this.#call('notFormat', quote(field.format), value, path)}`,
      )
      this.#literal(field, value, path)
    } else this.#wrongType(`typeof ${value} !== 'string' || !${value}.isWellFormed()`, 'string', value, path)
    this.#stringLimits(field, value, path)
  }

  /** Lengths in UTF-16 units settle most cases: a unit is at most three bytes and at least no grapheme. */
  #stringLimits(field: LexString, value: string, path: readonly string[]): void {
    const { minLength = 0, maxLength, minGraphemes = 0, maxGraphemes } = field
    if (minLength > 0)
      this.#limit(
        `${value}.length < ${minLength} && l.utf8Length(${value}) < ${minLength}`,
        'minLength',
        `at least ${minLength} bytes`,
        `l.utf8Length(${value})`,
        path,
      )
    if (maxLength !== undefined)
      this.#limit(
        `${value}.length > ${Math.floor(maxLength / 3)} && l.utf8Length(${value}) > ${maxLength}`,
        'maxLength',
        `at most ${maxLength} bytes`,
        `l.utf8Length(${value})`,
        path,
      )
    if (minGraphemes > 0)
      this.#limit(
        `l.graphemes(${value}, ${minGraphemes}) < ${minGraphemes}`,
        'minGraphemes',
        `at least ${minGraphemes} graphemes`,
        `l.graphemes(${value}, ${minGraphemes})`,
        path,
      )
    if (maxGraphemes !== undefined)
      this.#limit(
        `${value}.length > ${maxGraphemes} && l.graphemes(${value}, ${maxGraphemes}) > ${maxGraphemes}`,
        'maxGraphemes',
        `at most ${maxGraphemes} graphemes`,
        `'more'`,
        path,
      )
  }

  #blob(field: LexBlob, value: string, path: readonly string[]): void {
    this.#line(`if (!l.isBlob(${value}, c)) return ${this.#call('notBlob', value, 'c', path)}`)
    const { accept, maxSize } = field
    if (accept !== undefined && !accept.includes('*/*')) {
      const tests = accept.map((pattern) => mimeTest(pattern, `${value}.mimeType`))
      const expected = quote(`a blob of ${accept.join(' or ') || 'no type at all'}`)
      const fault = this.#call('fault', "'accept'", expected, `${value}.mimeType`, [...path, "'mimeType'"])
      this.#line(`if (${tests.join(' && ') || 'true'}) return ${fault}`)
    }
    if (maxSize === undefined) return
    const fault = this.#call('outOf', "'maxSize'", quote(`at most ${maxSize} bytes`), `${value}.size`, [
      ...path,
      "'size'",
    ])
    this.#line(`if (${value}.$type === 'blob' && ${value}.size > ${maxSize}) return ${fault}`)
  }

  #limits(
    field: { readonly minLength?: number; readonly maxLength?: number },
    measure: string,
    suffix: string,
    unit: string,
    path: readonly string[],
  ): void {
    const { minLength = 0, maxLength } = field
    if (minLength > 0)
      this.#limit(
        `${measure} < ${minLength}`,
        `min${suffix}`,
        `at least ${minLength} ${unit}s`,
        measure,
        path,
      )
    if (maxLength !== undefined)
      this.#limit(`${measure} > ${maxLength}`, `max${suffix}`, `at most ${maxLength} ${unit}s`, measure, path)
  }

  #limit(test: string, rule: string, expected: string, measured: string, path: readonly string[]): void {
    this.#line(`if (${test}) return ${this.#call('outOf', quote(rule), quote(expected), measured, path)}`)
  }

  /** `const` and `enum`: one comparison each says type and value at once. */
  #literal(field: LexString | LexInteger, value: string, path: readonly string[]): boolean {
    const allowed: readonly (string | number)[] | undefined =
      field.const === undefined ? field.enum : [field.const]
    if (allowed === undefined) return false
    this.#oneOf(field.const === undefined ? 'enum' : 'const', allowed, value, path)
    return true
  }

  #oneOf(
    rule: string,
    allowed: readonly (string | number | boolean)[],
    value: string,
    path: readonly string[],
  ): void {
    const code = allowed.map((item) => (typeof item === 'string' ? quote(item) : String(item)))
    const test = code.map((item) => `${value} !== ${item}`).join(' && ') || 'true'
    const expected =
      allowed.length > 8
        ? `one of ${allowed.length} values`
        : allowed.map((item) => JSON.stringify(item)).join(' or ')
    this.#line(
      `if (${test}) return ${this.#call('fault', quote(rule), quote(expected || 'no value at all'), value, path)}`,
    )
  }

  #ref(ref: string, value: string, path: readonly string[]): void {
    const target = this.#scope.resolve(ref)
    if (target === undefined) return
    if (target.def.type === 'token') {
      this.#oneOf('const', [typeName(target.doc.id, target.name)], value, path)
      return
    }
    this.#nested(
      `${this.#scope.checkOf(target)}(${value}, c${this.#scope.depthArgument(this.#self, target)})`,
      value,
      path,
    )
  }

  #union(field: LexUnion, value: string, path: readonly string[]): void {
    this.#line(
      `if (!l.isTyped(${value})) return ${this.#call('notType', "'an object with $type'", value, path)}`,
    )
    const fault = this.#name(`${value}Fault`)
    this.#line(`let ${fault}: l.Fault | undefined`)
    this.#block(`switch (${value}.$type) {`, () => {
      for (const ref of new Set(field.refs)) {
        const target = this.#scope.resolve(ref)
        if (target === undefined) continue
        const depth = this.#scope.depthArgument(this.#self, target)
        this.#block(
          `case ${quote(typeName(target.doc.id, target.name))}:`,
          () => {
            this.#line(`${fault} = ${this.#scope.checkOf(target)}(${value}, c${depth})`)
            this.#line('break')
          },
          '',
        )
      }
      this.#block(
        'default:',
        () => {
          if (field.closed !== true) {
            this.#line(`${fault} = l.openMember(${value})`)
            return
          }
          const expected =
            field.refs.length > 4 ? `one of ${field.refs.length} types` : field.refs.join(' or ')
          this.#line(
            `return ${this.#call('fault', "'union'", quote(expected || 'no value at all'), `${value}.$type`, [...path, "'$type'"])}`,
          )
        },
        '',
      )
    })
    this.#line(`if (${fault} !== undefined) return ${this.#at(fault, path)}`)
  }

  #array(field: LexArray, value: string, path: readonly string[]): void {
    this.#wrongType(`!Array.isArray(${value})`, 'array', value, path)
    this.#limits(field, `${value}.length`, 'Length', 'item', path)
    const outer = new Set(this.#names)
    const [index, item] = [this.#name('i'), this.#name('item')]
    this.#block(`for (let ${index} = 0; ${index} < ${value}.length; ${index}++) {`, () => {
      this.#line(`const ${item}: unknown = ${value}[${index}]`)
      this.field(field.items, item, [...path, index])
    })
    this.#names = outer
  }

  #nested(call: string, value: string, path: readonly string[]): void {
    const fault = this.#name(`${value}Fault`)
    this.#line(`const ${fault} = ${call}`)
    this.#line(`if (${fault} !== undefined) return ${this.#at(fault, path)}`)
  }

  #wrongType(test: string, expected: string, value: string, path: readonly string[]): void {
    this.#line(`if (${test}) return ${this.#call('notType', quote(expected), value, path)}`)
  }

  #at(fault: string, path: readonly string[]): string {
    return path.length === 0 ? fault : `l.at(${[fault, ...path].join(', ')})`
  }

  #call(helper: string, ...parts: [...string[], readonly string[]]): string {
    return `l.${helper}(${parts.flat().join(', ')})`
  }

  /** A variable for a property: its own name where that is one and free. */
  #name(wanted: string): string {
    const plain = camel(wanted).replace(/[^\w$]/g, '')
    const base = /^[A-Za-z_$][\w$]*$/.test(plain) ? valueName(plain) : 'field'
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

  /** One statement; an `if` that does not fit puts its `return` on a line of its own. */
  #line(text: string): void {
    const at = text.startsWith('if (') ? text.indexOf(') return ') : -1
    if (at === -1 || text.length <= this.#writer.room) this.#writer.line(text)
    else this.#writer.line(text.slice(0, at + 1)).line(`  ${text.slice(at + 2)}`)
  }
}

/** True when the MIME type is not of the pattern. */
function mimeTest(pattern: string, value: string): string {
  return pattern.endsWith('/*')
    ? `!${value}.startsWith(${quote(pattern.slice(0, -1))})`
    : `${value} !== ${quote(pattern)}`
}

const FORMATS: Record<StringFormat, [check: string, options: boolean]> = {
  'at-identifier': ['l.isAtIdentifier', false],
  'at-uri': ['l.isAtUri', false],
  cid: ['l.cid', true],
  datetime: ['l.datetime', true],
  did: ['l.isDid', false],
  handle: ['l.isHandle', false],
  language: ['l.language', true],
  nsid: ['l.isNsid', false],
  'record-key': ['l.isRecordKey', false],
  tid: ['l.isTid', false],
  uri: ['l.uri', true],
}

/** Names every object inherits something for: reading them as plain properties would find that. */
const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype))

function read(owner: string, key: string): string {
  if (INHERITED.has(key)) return `l.own(${owner}, ${quote(key)})`
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${owner}.${key}` : `${owner}[${quote(key)}]`
}

/** The fields of a nested object, for the type argument of its guard. */
function inlineShape(def: LexObject): string {
  const keys = Object.keys(def.properties ?? {}).map((key) => `${quote(key)}: unknown`)
  return `{ ${keys.join('; ')} }`
}

const hasDefault = (field: LexField): boolean => 'default' in field && field.default !== undefined
