import type { Dispatcher } from 'undici'
import { LextapError } from '../errors.ts'
import { boundedBody, tooLarge } from './http-body.ts'
import { parseRateLimit, parseRetryAfter, type ResponseHeaders, XrpcError } from './xrpc-error.ts'

/** The head of an answer with its unread body, and the address it finally came from. */
export interface Answer {
  readonly url: string
  readonly response: Dispatcher.ResponseData
}

const MAX_ERROR_BYTES = 64 * 1024

export function encodingOf(headers: ResponseHeaders): string | undefined {
  const value = headers['content-encoding']
  return Array.isArray(value) ? value.join(',') : value
}

/** Refuses before reading what says itself that it is too large. */
export function refuseLong({ url, response }: Answer, maxBytes: number): void {
  if (Number(response.headers['content-length'] ?? 0) <= maxBytes) return
  discard(response)
  throw tooLarge(url, maxBytes)
}

function isHtml(headers: ResponseHeaders): boolean {
  return String(headers['content-type'] ?? '')
    .toLowerCase()
    .includes('text/html')
}

/** A proxy's or parked domain's page with status 200: the host is not what it should be, perhaps for a while. */
export function refuseHtml({ url, response }: Answer): void {
  if (!isHtml(response.headers)) return
  discard(response)
  throw new XrpcError('response is a web page', {
    code: 'response-type',
    url,
    retry: true,
    status: response.statusCode,
  })
}

export function discard(response: Dispatcher.ResponseData): void {
  response.body.on('error', () => {}).destroy()
}

/** The whole body as text, within bounds. */
export async function textOf({ url, response }: Answer, maxBytes: number, stallMs: number): Promise<string> {
  refuseLong({ url, response }, maxBytes)
  const parts: Uint8Array[] = []
  const limits = { maxBytes, stallMs }
  const body = boundedBody(response.body, encodingOf(response.headers), url, limits)
  for await (const chunk of body) parts.push(chunk)
  return Buffer.concat(parts).toString('utf8')
}

export function parseJson(text: string, url: string, headers: ResponseHeaders): unknown {
  try {
    // The declared type is often wrong; what counts is whether it is JSON.
    return JSON.parse(text)
  } catch (cause) {
    const type = String(headers['content-type'] ?? 'none').slice(0, 80)
    throw new XrpcError(`response is not JSON; type=${type}`, {
      code: 'response-type',
      url,
      retry: true,
      cause,
    })
  }
}

/** The error a non-2xx answer stands for. Its body is read within bounds and may be anything. */
export async function failure(answer: Answer, timeoutMs: number): Promise<XrpcError> {
  const { statusCode: status, headers } = answer.response
  const body = await errorBody(answer, timeoutMs)
  return new XrpcError('request failed', {
    code: 'xrpc',
    url: answer.url,
    status,
    retry: status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501),
    error: body.error,
    detail: body.message,
    retryAfterMs: parseRetryAfter(headers, Date.now()),
    rateLimit: parseRateLimit(headers, Date.now()),
  })
}

async function errorBody(
  answer: Answer,
  timeoutMs: number,
): Promise<{ error: string | null; message: string | null }> {
  try {
    const parsed: unknown = JSON.parse(await textOf(answer, MAX_ERROR_BYTES, timeoutMs))
    if (typeof parsed !== 'object' || parsed === null) return { error: null, message: null }
    const { error, message } = parsed as { error?: unknown; message?: unknown }
    const short = (value: unknown) => (typeof value === 'string' ? value.slice(0, 300) : null)
    return { error: short(error), message: short(message) }
  } catch {
    return { error: null, message: null }
  } finally {
    discard(answer.response)
  }
}

/** Whatever undici, the socket or a timer threw → `XrpcError`; the caller's own abort stays what it is. */
export function translate(error: unknown, url: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  if (error instanceof XrpcError) return error
  if (error instanceof LextapError) {
    return new XrpcError(error.message, { code: error.code, url, retry: error.retry, cause: error })
  }
  const late = error instanceof Error && error.name === 'TimeoutError'
  const text = error instanceof Error ? error.message || String(error) : String(error)
  return new XrpcError(late ? 'no answer in time' : `no answer: ${text.slice(0, 200)}`, {
    code: late ? 'timeout' : 'network',
    url,
    retry: true,
    cause: error,
  })
}
