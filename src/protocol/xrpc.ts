import { Agent, request } from 'undici'
import { anySignal } from '../async/signal.ts'
import { guardedConnector } from './address-guard.ts'
import { boundedBody } from './http-body.ts'
import {
  type Answer,
  discard,
  encodingOf,
  failure,
  parseJson,
  refuseHtml,
  refuseLong,
  textOf,
  translate,
} from './http-response.ts'
import { parseRateLimit, type RateLimit, type ResponseHeaders, XrpcError } from './xrpc-error.ts'

export interface XrpcClientOptions {
  /** Talk to private and loopback addresses too (the sandbox needs it). Default false (rule F10). */
  readonly allowPrivateHosts?: boolean
  /**
   * What may be private all the same, the operator's own relay or directory: base URLs (that host and port alone)
   * or bare host names (any port). Redirects from them may not lead to others.
   */
  readonly trustedHosts?: readonly string[]
  /** Default `lextap`. */
  readonly userAgent?: string
  /** Time for a whole answer of `json` and `get`, and for the head of a `stream`, ms. Default 30000. */
  readonly timeoutMs?: number
}

export type XrpcParams = Readonly<
  Record<string, string | number | boolean | readonly string[] | null | undefined>
>

export interface GetOptions {
  readonly signal?: AbortSignal | undefined
  /** Largest body after decompression. Default 5 MiB. */
  readonly maxBytes?: number
  /** Time for the whole answer, ms. Default: the client's. */
  readonly timeoutMs?: number
  readonly accept?: string
}

export interface StreamOptions {
  readonly signal?: AbortSignal | undefined
  /** Largest body after decompression. */
  readonly maxBytes: number
  /** Longest time without progress, ms; waiting for the head counts too. */
  readonly stallMs: number
  readonly accept?: string
}

export interface XrpcStream {
  /** Names in lower case. */
  readonly headers: ResponseHeaders
  readonly rateLimit: RateLimit | null
  /** Decompressed chunks. Read it to the end or leave the loop: either frees the connection. */
  readonly body: AsyncIterable<Uint8Array>
}

const MAX_REDIRECTS = 5
const DEFAULT_MAX_BYTES = 5 * 1024 * 1024

/**
 * HTTP towards servers we do not trust: private addresses refused (F10), redirects followed within bounds (F2),
 * bodies bounded in bytes, time and decompression (F8), errors typed (F7). A failure is an `XrpcError`, or the
 * reason of the caller's signal.
 */
export class XrpcClient {
  readonly #agent: Agent
  readonly #allowPrivateHosts: boolean
  readonly #userAgent: string
  readonly #timeoutMs: number

  constructor(options: XrpcClientOptions = {}) {
    this.#allowPrivateHosts = options.allowPrivateHosts ?? false
    this.#userAgent = options.userAgent ?? 'lextap'
    this.#timeoutMs = options.timeoutMs ?? 30_000
    this.#agent = new Agent({
      connect: guardedConnector({
        allowPrivateHosts: this.#allowPrivateHosts,
        trustedHosts: options.trustedHosts ?? [],
        timeoutMs: Math.min(10_000, this.#timeoutMs),
      }),
      allowH2: false,
      // Our own stall check counts the time we wait, not the time our consumer takes.
      bodyTimeout: 0,
      headersTimeout: 0,
      maxHeaderSize: 32 * 1024,
    })
  }

  /** Whether private hosts, plain http and did:web ports are allowed. */
  get allowPrivateHosts(): boolean {
    return this.#allowPrivateHosts
  }

  /** A query whose answer is JSON. `host` is a base URL or a bare host name (https). */
  async json<T>(host: string, nsid: string, params?: XrpcParams, options: GetOptions = {}): Promise<T> {
    const url = xrpcUrl(host, nsid, params)
    const { text, headers } = await this.get(url, { accept: 'application/json', ...options })
    return parseJson(text, url, headers) as T
  }

  /** A query whose answer is bytes, such as a repo's CAR. */
  async stream(host: string, nsid: string, params: XrpcParams, options: StreamOptions): Promise<XrpcStream> {
    const { signal, maxBytes, stallMs, accept = 'application/vnd.ipld.car' } = options
    const head = new AbortController()
    const timer = setTimeout(() => head.abort(timeout(stallMs)), stallMs)
    try {
      const target = xrpcUrl(host, nsid, params)
      const { url, response } = await this.#send(target, accept, anySignal(signal, head.signal))
      const headers: ResponseHeaders = response.headers
      refuseLong({ url, response }, maxBytes)
      refuseHtml({ url, response })
      const chunks = boundedBody(response.body, encodingOf(headers), url, { maxBytes, stallMs })
      const rateLimit = parseRateLimit(headers, Date.now())
      return { headers, rateLimit, body: translated(chunks, url, signal) }
    } catch (error) {
      throw translate(error, host, signal)
    } finally {
      clearTimeout(timer)
    }
  }

  /** Any document as text: DID documents, well-known files. Answers other than 2xx are errors. */
  async get(url: string, options: GetOptions = {}): Promise<{ headers: ResponseHeaders; text: string }> {
    const { signal, maxBytes = DEFAULT_MAX_BYTES, accept = '*/*', timeoutMs = this.#timeoutMs } = options
    const limit = AbortSignal.timeout(timeoutMs)
    try {
      const answer = await this.#send(url, accept, anySignal(signal, limit))
      return {
        headers: answer.response.headers,
        text: await textOf(answer, maxBytes, timeoutMs),
      }
    } catch (error) {
      throw translate(error, url, signal)
    }
  }

  /** Ends all connections; requests under way fail. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Follows redirects to the answer; the connector judges each target's address. */
  async #send(start: string, accept: string, signal: AbortSignal): Promise<Answer> {
    let url = parseUrl(start, start)
    for (let hops = 0; ; hops++) {
      const response = await request(url, {
        dispatcher: this.#agent,
        signal,
        headers: { accept, 'accept-encoding': 'gzip, br', 'user-agent': this.#userAgent },
      })
      const { statusCode: status } = response
      if (status >= 200 && status < 300) return { url: url.href, response }
      const location = response.headers.location
      if (!isRedirect(status) || typeof location !== 'string') {
        throw await failure({ url: url.href, response }, this.#timeoutMs)
      }
      discard(response)
      if (hops === MAX_REDIRECTS) throw badRedirect('too many redirects', url.href)
      url = redirectTarget(url, location, this.#allowPrivateHosts)
    }
  }
}

/** Where a redirect leads. From https to http only where private hosts are allowed. */
export function redirectTarget(from: URL, location: string, allowHttp: boolean): URL {
  const to = parseUrl(location, from.href, from)
  if (to.protocol === 'http:' && from.protocol === 'https:' && !allowHttp) {
    throw badRedirect('redirect from https to http', from.href)
  }
  return to
}

const isRedirect = (status: number) => [301, 302, 303, 307, 308].includes(status)

function badRedirect(what: string, url: string): XrpcError {
  return new XrpcError(what, { code: 'bad-redirect', url, retry: false })
}

function parseUrl(text: string, shown: string, base?: URL): URL {
  const url = URL.parse(text, base)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new XrpcError('not an http(s) address', { code: 'bad-url', url: shown.slice(0, 200), retry: false })
  }
  // Credentials in an address that strangers chose would be sent on by us.
  url.username = ''
  url.password = ''
  url.hash = ''
  return url
}

/** `https://host/xrpc/<nsid>?…`; arrays repeat the parameter, null and undefined leave it out. */
export function xrpcUrl(host: string, nsid: string, params: XrpcParams = {}): string {
  const url = parseUrl(/^[a-z][a-z0-9+.-]*:\/\//i.test(host) ? host : `https://${host}`, host)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/xrpc/${nsid}`
  url.search = ''
  for (const [name, value] of Object.entries(params)) {
    if (value === null || value === undefined) continue
    for (const item of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(item))
  }
  return url.href
}

function timeout(ms: number): DOMException {
  return new DOMException(`no answer within ${ms} ms`, 'TimeoutError')
}

async function* translated(
  chunks: AsyncGenerator<Uint8Array>,
  url: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } catch (error) {
    throw translate(error, url, signal)
  }
}
