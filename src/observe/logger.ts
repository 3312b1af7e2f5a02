import { createRequire } from 'node:module'
import { type DestinationStream, type Logger, pino } from 'pino'
import type PinoPretty from 'pino-pretty'
import { maskDeep, maskUrl } from './mask.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LoggerOptions {
  /** Default `info`. */
  readonly level?: LogLevel
  /** `json` one object a line · `pretty` for people. Default `json`. */
  readonly format?: 'pretty' | 'json'
  /** Where lines go. Default stderr, so that a command's own output stays clean. */
  readonly stream?: DestinationStream
  /** Colours in the pretty format. Default: whether stderr is a terminal that wants them. */
  readonly color?: boolean
}

/** A logger that writes at once (nothing is lost in a crash) and never shows a secret. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const stream = options.stream ?? process.stderr
  const pretty = options.format === 'pretty'
  const color = options.color ?? wantsColor()
  return pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (facts) => maskDeep(facts) as Record<string, unknown>,
      },
      serializers: { err: maskError },
    },
    pretty ? prettyStream(stream, color) : stream,
  )
}

function wantsColor(): boolean {
  if ((process.env.NO_COLOR ?? '') !== '') return false
  return process.stderr.isTTY === true && process.stderr.hasColors()
}

function maskError(error: Error): unknown {
  const plain = pino.stdSerializers.err(error)
  const { raw: _, ...shown } = plain as typeof plain & { raw?: unknown }
  return { ...shown, message: maskUrl(String(plain.message)), stack: maskUrl(String(plain.stack)) }
}

/** pino-pretty is loaded only here, and formats in this thread: no worker, no lost lines. */
function prettyStream(stream: DestinationStream, color: boolean): DestinationStream {
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty
  const format = prettyFactory({ colorize: color, translateTime: 'SYS:HH:MM:ss.l', singleLine: true })
  return { write: (line: string) => stream.write(format(JSON.parse(line))) }
}
