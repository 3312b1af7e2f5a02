/**
 * Every error lextap throws on purpose. An error answers the question its catcher will ask: may I retry
 * (`retry`), what kind is it (`code`), what was it caused by (`cause`). Messages are lower-case sentences
 * with the facts at the end: `record block missing; did=…; path=…`.
 */
export class LextapError extends Error {
  override readonly name: string = 'LextapError'
  /** Stable machine-readable kind, e.g. `config`, `source-unreachable`. */
  readonly code: string
  /** Whether the same action may succeed later without anybody fixing something. */
  readonly retry: boolean

  constructor(message: string, options: { code: string; retry?: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = options.code
    this.retry = options.retry ?? false
  }
}

/** The user must fix something (config, lexicon, handler, database rights): exit code 1. */
export class UserError extends LextapError {
  override readonly name = 'UserError'
  constructor(message: string, options: { code?: string; cause?: unknown } = {}) {
    super(message, { code: options.code ?? 'user', cause: options.cause })
  }
}

/** Something outside is down or busy; restarting later may help: exit code 75. */
export class TemporaryError extends LextapError {
  override readonly name = 'TemporaryError'
  constructor(message: string, options: { code?: string; cause?: unknown } = {}) {
    super(message, { code: options.code ?? 'temporary', retry: true, cause: options.cause })
  }
}

/**
 * A message or repo broke a rule of the protocol by itself. `rule` is an id of the sync rules (`B16`),
 * see docs/verification.md.
 */
export class InvalidError extends LextapError {
  override readonly name = 'InvalidError'
  readonly rule: string
  constructor(rule: string, message: string, options: { cause?: unknown } = {}) {
    super(message, { code: 'invalid', cause: options.cause })
    this.rule = rule
  }
}

/** A valid message that is not the successor of what we hold: we are out of step and must resync. */
export class DiscontinuousError extends LextapError {
  override readonly name = 'DiscontinuousError'
  readonly rule: string
  constructor(rule: string, message: string) {
    super(message, { code: 'discontinuous' })
    this.rule = rule
  }
}

/** The exit code the command line gives for an error (DESIGN §2): 1 fix something, 75 try again later. */
export function exitCodeOf(error: unknown): 1 | 75 {
  return error instanceof LextapError && error.retry ? 75 : 1
}
