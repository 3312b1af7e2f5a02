import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const MAX_LENGTH = 8000
const MAX_CAUSES = 4

/** What a dead letter says of an error: its stack, the lines of code around the place, its causes. */
export function failureText(error: unknown): string {
  const parts = [describe(error), codeFrame(error)]
  let cause = error instanceof Error ? error.cause : undefined
  for (let depth = 0; cause !== undefined && depth < MAX_CAUSES; depth++) {
    parts.push('caused by:', describe(cause))
    cause = cause instanceof Error ? cause.cause : undefined
  }
  // Postgres cannot store the character NUL.
  return parts
    .filter((part) => part !== '')
    .join('\n')
    .replaceAll('\0', '')
    .slice(0, MAX_LENGTH)
}

/** From where we called the handler downwards: says nothing to whoever wrote it. */
const OURS = /\n {4}at [^\n]*\/dispatch\/attempt\.[jt]s:[\s\S]*$/

function describe(error: unknown): string {
  if (error instanceof Error) return (error.stack ?? `${error.name}: ${error.message}`).replace(OURS, '')
  return `a value that is not an Error was thrown: ${typeof error === 'string' ? error : inspect(error)}`
}

function inspect(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

const FRAME = /(?:\(|at )((?:file:\/\/)?\/[^():\s]+):(\d+):(\d+)\)?$/

/** The line of the user's code that threw, with two lines on either side; empty when it cannot be read. */
function codeFrame(error: unknown): string {
  if (!(error instanceof Error) || error.stack === undefined) return ''
  for (const line of error.stack.split('\n')) {
    const match = FRAME.exec(line.trimEnd())
    if (match === null || line.includes('node_modules') || line.includes('node:')) continue
    const frame = frameAt(match[1] ?? '', Number(match[2]), Number(match[3]))
    if (frame !== '') return frame
  }
  return ''
}

function frameAt(place: string, line: number, column: number): string {
  try {
    const file = place.startsWith('file:') ? fileURLToPath(place) : place
    const lines = readFileSync(file, 'utf8').split('\n')
    const first = Math.max(1, line - 2)
    const width = String(line + 2).length
    const shown = lines.slice(first - 1, line + 2).flatMap((text, i) => {
      const n = first + i
      const numbered = `${n === line ? '>' : ' '} ${String(n).padStart(width)} | ${text}`
      return n === line
        ? [numbered, `  ${' '.repeat(width)} | ${' '.repeat(Math.max(0, column - 1))}^`]
        : [numbered]
    })
    return [`${file}:${line}:${column}`, ...shown].join('\n')
  } catch {
    return ''
  }
}
