import { LextapError } from '../errors.ts'

/** What a host told of its request budget. */
export interface RateLimit {
  readonly limit: number | null
  readonly remaining: number | null
  /** Ms since the epoch, clamped to the next hour. */
  readonly resetAt: number | null
}

/** Headers as undici gives them: lower-case names. */
export type ResponseHeaders = Record<string, string | string[] | undefined>

/**
 * A request to another server failed. `status` null: no answer came (network, timeout, refused address).
 * `retry` tells whether the same request may succeed later.
 */
export class XrpcError extends LextapError {
  override readonly name = 'XrpcError'
  readonly status: number | null
  /** The `error` of the JSON body, e.g. `RepoNotFound`; null when there was none. */
  readonly error: string | null
  /** The `message` of the JSON body. */
  readonly detail: string | null
  /** Wait that the host asked for, ms, at most an hour. */
  readonly retryAfterMs: number | null
  readonly rateLimit: RateLimit | null

  constructor(
    what: string,
    options: {
      code: string
      url: string
      retry: boolean
      status?: number | null
      error?: string | null
      detail?: string | null
      retryAfterMs?: number | null
      rateLimit?: RateLimit | null
      cause?: unknown
    },
  ) {
    const { url, status = null, error = null, detail = null } = options
    const facts = [what, `url=${url}`]
    if (status !== null) facts.push(`status=${status}`)
    if (error !== null) facts.push(`error=${error}`)
    if (detail !== null) facts.push(`message=${detail}`)
    super(facts.join('; '), options)
    this.status = status
    this.error = error
    this.detail = detail
    this.retryAfterMs = options.retryAfterMs ?? null
    this.rateLimit = options.rateLimit ?? null
  }
}

const HOUR = 3_600_000
const clampWait = (ms: number) => Math.min(Math.max(0, ms), HOUR)

/** `Retry-After` in seconds or as a date → ms from now, at most an hour (rule F8); null when absent or nonsense. */
export function parseRetryAfter(headers: ResponseHeaders, now: number): number | null {
  const value = one(headers['retry-after'])?.trim()
  if (value === undefined || value === '') return null
  const seconds = Number(value)
  if (!Number.isNaN(seconds)) return clampWait(seconds * 1000)
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : clampWait(date - now)
}

/** The `ratelimit-*` (or `x-ratelimit-*`) headers; null when a host sends none that make sense. */
export function parseRateLimit(headers: ResponseHeaders, now: number): RateLimit | null {
  const read = (name: string) => {
    // `100;w=300` and `100, 100;w=300` happen: the first number counts
    const text = one(headers[`ratelimit-${name}`] ?? headers[`x-ratelimit-${name}`])
    const number = Number.parseFloat(text ?? '')
    return Number.isFinite(number) && number >= 0 ? number : null
  }
  const limit = read('limit')
  const remaining = read('remaining')
  const reset = read('reset')
  if (limit === null && remaining === null && reset === null) return null
  // Bluesky's hosts send epoch seconds, the IETF draft seconds from now.
  const wait = reset === null ? null : reset > 1e9 ? reset * 1000 - now : reset * 1000
  return { limit, remaining, resetAt: wait === null ? null : now + clampWait(wait) }
}

/**
 * How long a host that answered with an error asked to be left alone, ms, at most an hour: `Retry-After`, or of a 429 when
 * its budget is given anew. Null when it did not say (rule F8).
 */
export function askedWait(
  error: Pick<XrpcError, 'status' | 'retryAfterMs' | 'rateLimit'>,
  now: number,
): number | null {
  const { status, retryAfterMs, rateLimit } = error
  if (retryAfterMs !== null) return retryAfterMs
  // What is left says that this budget is not the one that was used up.
  if (status !== 429 || rateLimit === null || rateLimit.resetAt === null) return null
  return (rateLimit.remaining ?? 0) > 0 ? null : Math.max(0, rateLimit.resetAt - now)
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

export type AccountError = 'takendown' | 'suspended' | 'deactivated' | 'deleted' | 'not-found'

const SUBJECT = '(?:repo|account|user|actor|did)'
const STANDINGS: readonly (readonly [RegExp, AccountError])[] = [
  ['takendown|takedown', 'takendown'],
  ['suspended|suspension', 'suspended'],
  ['deactivated|deactivation', 'deactivated'],
  ['deleted|tombstoned?', 'deleted'],
].map(([words, standing]) => [
  // `AccountTakedown`, `takendown`, "Repo has been deactivated": the word near its subject, or alone
  new RegExp(`${SUBJECT}[a-z]{0,40}(?:${words})|(?:${words})${SUBJECT}|^(?:${words})$`),
  standing as AccountError,
])
const MISSING = new RegExp(
  `${SUBJECT}[a-z]{0,40}?(?:notfound|doesnotexist|unknown|missing)|(?:notfind|unknown|nosuch)(?:the)?${SUBJECT}`,
)
/** Errors that say nothing by themselves: then the message is read. */
const VAGUE = /^(?:invalidrequest|badrequest|notfound|forbidden|unauthorized|error|)$/

/**
 * What an answer says of the account, matched leniently because hosts spell it differently (rule F7); null when
 * it says nothing of the account. Only typed 4xx answers count: a broken host is no verdict (rule E8).
 */
export function accountErrorOf(error: unknown): AccountError | null {
  if (!(error instanceof XrpcError) || error.error === null) return null
  const { status } = error
  if (status === null || status < 400 || status >= 500 || status === 429) return null
  const named = letters(error.error)
  return verdict(named) ?? (VAGUE.test(named) ? verdict(letters(error.detail ?? '')) : null)
}

function verdict(text: string): AccountError | null {
  for (const [pattern, standing] of STANDINGS) if (pattern.test(text)) return standing
  return MISSING.test(text) ? 'not-found' : null
}

function letters(text: string): string {
  return text
    .slice(0, 300)
    .toLowerCase()
    .replace(/[^a-z]/g, '')
}
