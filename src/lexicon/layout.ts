import type { Writer } from './writer.ts'

/**
 * Code that is broken over lines where it does not fit, the way Biome and Prettier break it. A string stays whole: it
 * may hold any text of a lexicon's.
 */
export type Code = string | Call | ObjectLiteral

export interface Call {
  readonly callee: string
  readonly args: readonly Code[]
}

export interface ObjectLiteral {
  /** Keys as they stand in code, quotes included. */
  readonly entries: readonly (readonly [key: string, value: Code])[]
}

export const callOf = (callee: string, ...args: Code[]): Call => ({ callee, args })

/** The code on one line. */
export function flat(code: Code): string {
  if (typeof code === 'string') return code
  if ('callee' in code) return `${code.callee}(${code.args.map(flat).join(', ')})`
  return code.entries.length === 0
    ? '{}'
    : `{ ${code.entries.map(([key, value]) => `${key}: ${flat(value)}`).join(', ')} }`
}

/** `head = value`, the value on a line of its own where it does not fit. Neither can be broken. */
export function writeConst(writer: Writer, head: string, value: string): void {
  if (head.length + value.length + 3 <= writer.room) writer.line(`${head} = ${value}`)
  else writer.line(`${head} =`).indented(() => writer.line(value))
}

/** `prefix code suffix`, on one line where that fits. */
export function writeCode(writer: Writer, prefix: string, code: Code, suffix = ''): void {
  const line = `${prefix}${flat(code)}${suffix}`
  if (line.length <= writer.room || typeof code === 'string') writer.line(line)
  else if ('entries' in code)
    writer.block(
      `${prefix}{`,
      () => {
        for (const [key, value] of code.entries) writeCode(writer, `${key}: `, value, ',')
      },
      `}${suffix}`,
    )
  else writeCall(writer, prefix, code, suffix)
}

function writeCall(writer: Writer, prefix: string, { callee, args }: Call, suffix: string): void {
  const [only] = args
  if (args.length === 1 && typeof only === 'object' && 'entries' in only) {
    writeCode(writer, `${prefix}${callee}(`, only, `)${suffix}`)
    return
  }
  const body = () => {
    for (const arg of args) writeCode(writer, '', arg, ',')
  }
  writer.block(`${prefix}${callee}(`, body, `)${suffix}`)
}

/** `head = call`, marked as free of effects. `types` are the arguments of the type `head` ends with. */
export function writeDeclaration(writer: Writer, head: string, types: readonly string[], call: Call): void {
  const pure = { ...call, callee: `/*#__PURE__*/ ${call.callee}` }
  const left = `${head}<${types.join(', ')}>`
  if (left.length + 2 > writer.room) {
    const body = () => {
      for (const [i, type] of types.entries()) writer.line(i === types.length - 1 ? type : `${type},`)
    }
    writer.block(`${head}<`, body, '')
    writeCode(writer, '> = ', pure)
  } else if (left.length + pure.callee.length + 4 <= writer.room) writeCode(writer, `${left} = `, pure)
  else writer.block(`${left} =`, () => writeCode(writer, '', pure), '')
}

/** A function, with a parameter a line where its head is too long for one. */
export function writeFunction(
  writer: Writer,
  name: string,
  parameters: readonly string[],
  result: string,
  body: () => void,
): void {
  const head = `export function ${name}(${parameters.join(', ')}): ${result} {`
  if (head.length <= writer.room) writer.block(head, body)
  else {
    const each = () => {
      for (const parameter of parameters) writer.line(`${parameter},`)
    }
    writer.block(`export function ${name}(`, each, '').block(`): ${result} {`, body)
  }
}

/** Tests that are all joined by one operator. */
export interface Condition {
  readonly tests: readonly string[]
  readonly by: '&&' | '||'
}

/** `if (condition) statement`, the statement on lines of its own where it does not fit. */
export function writeIf(writer: Writer, { tests, by }: Condition, prefix: string, code: Code): void {
  const head = `if (${tests.join(` ${by} `)})`
  if (head.length + prefix.length + flat(code).length + 1 <= writer.room) {
    writer.line(`${head} ${prefix}${flat(code)}`)
    return
  }
  if (head.length <= writer.room) writer.line(head)
  else {
    const body = () => {
      for (const [i, test] of tests.entries()) writer.line(i === tests.length - 1 ? test : `${test} ${by}`)
    }
    writer.block('if (', body, ')')
  }
  writer.indented(() => writeCode(writer, prefix, code))
}
