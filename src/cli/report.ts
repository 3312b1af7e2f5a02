import { styleText } from 'node:util'
import { exitCodeOf, LextapError } from '../errors.ts'
import { maskUrl } from '../observe/mask.ts'

/** Prints what went wrong and gives back the exit code. Stacks are for `--debug`. */
export function printError(error: unknown, options: { debug: boolean }): 1 | 75 {
  process.stderr.write(
    `${styleText('red', 'error:', { stream: process.stderr })} ${maskUrl(describe(error))}\n`,
  )
  if (options.debug) process.stderr.write(`${maskUrl(stackOf(error))}\n`)
  else if (!(error instanceof LextapError))
    process.stderr.write('(run it again with --debug for the stack)\n')
  return exitCodeOf(error)
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `something that is not an error was thrown: ${String(error)}`
  const known = error instanceof LextapError
  const inner = error instanceof AggregateError ? error.errors.map((e) => describe(e)).join('; ') : error.name
  const text = error.message === '' ? inner : error.message
  return known ? text : `unexpected ${error.name}: ${text}`
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const stack = error.stack ?? String(error)
  return error.cause === undefined ? stack : `${stack}\ncaused by ${stackOf(error.cause)}`
}
