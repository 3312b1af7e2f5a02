import { type Command, InvalidArgumentError, Option } from 'commander'
import type { LogLevel } from '../config/types.ts'

/** Options every command that reads the config takes. */
export interface CommonOptions {
  readonly config?: string
  readonly debug?: true
  readonly logLevel?: LogLevel
  readonly logFormat?: 'pretty' | 'json'
  /** Instead of the config's. */
  readonly database?: string
}

/** What `dev` takes. */
export interface DevFlags extends CommonOptions {
  readonly sandbox?: true
  readonly seed: string
  readonly repos: number
  readonly records: number
  readonly rate: number
  readonly for?: number
  readonly untilLevel?: true
}

/** What `replay` takes. */
export interface ReplayFlags extends CommonOptions {
  readonly json?: true
  readonly collection?: readonly string[]
  readonly did?: readonly string[]
  readonly handler?: readonly string[]
  readonly fresh?: true
  readonly keepTable?: readonly string[]
  readonly keepOld?: true
  readonly allowMissing?: true
  readonly restart?: true
  readonly fetch?: true
}

/** For options that may stand several times. */
export const collectText = (text: string, before: readonly string[] = []): string[] => [...before, text]

const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'silent']

export function withCommon(command: Command): Command {
  return command
    .option('-c, --config <file>', 'config file (default: tap.config.ts here or above)')
    .addOption(new Option('--log-level <level>', 'what to log').choices(LEVELS))
    .addOption(new Option('--log-format <format>', 'how to log').choices(['pretty', 'json']))
    .option('--debug', 'print the stack of an error')
}

/** For commands that look at the database; `dev` has one of its own for the sandbox. */
export function withDatabase(command: Command): Command {
  return withJson(withCommon(command)).option(
    '--database <url>',
    'another database than the config names, e.g. sqlite:.lextap/sandbox.db',
  )
}

export function withJson(command: Command): Command {
  return command.option('--json', 'print JSON')
}

/** A whole number above zero. */
export function positive(text: string): number {
  if (!/^\d{1,12}$/.test(text) || Number(text) === 0)
    throw new InvalidArgumentError('It must be a whole number above 0.')
  return Number(text)
}
