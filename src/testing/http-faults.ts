import { gzipSync } from 'node:zlib'
import type { Fault } from './faults.ts'
import { ConnectionReset, type Exchange, json, type Reply } from './host.ts'

/** What can go wrong with an answer over HTTP; also with a WebSocket's opening request. */

const HTML = '<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>'

/** Any status with an XRPC error body. */
export function failWith(
  status: number,
  error = 'InternalServerError',
  headers: Record<string, string> = {},
): Fault {
  return {
    name: `http-${status}`,
    http: async () => json({ error, message: `${error} (sandbox)` }, status, headers),
  }
}

/**
 * 429. `headers` `none`: just the status. `retry-after`: seconds to wait. `ratelimit`: the `ratelimit-*`
 * family as the reference PDS sends it, with the reset as a Unix time.
 */
export function rateLimit(
  options: { headers?: 'none' | 'retry-after' | 'ratelimit'; seconds?: number } = {},
): Fault {
  const { headers = 'none', seconds = 1 } = options
  return {
    name: `http-429-${headers}`,
    http: async () => {
      const extra: Record<string, string> = {}
      if (headers === 'retry-after') extra['retry-after'] = String(seconds)
      if (headers === 'ratelimit') {
        extra['ratelimit-limit'] = '3000'
        extra['ratelimit-remaining'] = '0'
        extra['ratelimit-reset'] = String(Math.ceil(Date.now() / 1000) + seconds)
        extra['ratelimit-policy'] = '3000;w=300'
      }
      return json({ error: 'RateLimitExceeded', message: 'Rate Limit Exceeded' }, 429, extra)
    },
  }
}

/** An HTML page, as proxies answer; by default even with status 200. */
export function htmlPage(status = 200): Fault {
  return {
    name: 'html-page',
    http: async () => ({ status, headers: { 'content-type': 'text/html' }, body: HTML }),
  }
}

/** The request is taken and nothing ever comes back. */
export function stall(): Fault {
  return {
    name: 'stall',
    http: async (exchange) => {
      await aborted(exchange)
      throw new ConnectionReset()
    },
  }
}

/** The honest answer begins and stops after some bytes, with the connection open. */
export function stallBody(afterBytes = 1000): Fault {
  return {
    name: 'stall-body',
    http: async (exchange, next) =>
      withBody(await next(), async function* (body) {
        yield* firstBytes(body, afterBytes)
        await aborted(exchange)
      }),
  }
}

/** The honest answer, a few bytes at a time. */
export function slowDrip(options: { bytes?: number; everyMs?: number } = {}): Fault {
  const { bytes = 256, everyMs = 20 } = options
  return {
    name: 'slow-drip',
    http: async (exchange, next) =>
      withBody(await next(), async function* (body) {
        for await (const chunk of body) {
          for (let at = 0; at < chunk.length && !exchange.signal.aborted; at += bytes) {
            yield chunk.subarray(at, at + bytes)
            await new Promise((resolve) => setTimeout(resolve, everyMs))
          }
        }
      }),
  }
}

/** The connection breaks: before the answer, or in the middle of its body. */
export function resetConnection(afterBytes?: number): Fault {
  return {
    name: 'reset-connection',
    http: async (_, next) => {
      if (afterBytes === undefined) throw new ConnectionReset()
      return withBody(await next(), async function* (body) {
        yield* firstBytes(body, afterBytes)
        throw new ConnectionReset()
      })
    },
  }
}

/** The answer ends early but politely, as if it were whole. */
export function truncateBody(keepBytes: number): Fault {
  return {
    name: 'truncate-body',
    http: async (_, next) =>
      withBody(await next(), async function* (body) {
        yield* firstBytes(body, keepBytes)
      }),
  }
}

/** Sent elsewhere, e.g. to a private address (rule F10). Without a URL: to itself, for ever. */
export function redirect(url?: string, status = 302): Fault {
  return {
    name: 'redirect',
    http: async ({ path, query }) => ({
      status,
      headers: { location: url ?? `${path}?${query}` },
      body: '',
    }),
  }
}

/** A small answer that unpacks to `bytes` zeros (default 1 GiB), whoever asked for compression (rule F8). */
export function gzipBomb(bytes: number = 1 << 30): Fault {
  const step = 1 << 24
  return {
    name: 'gzip-bomb',
    http: async (_, next) => {
      const member = gzipSync(Buffer.alloc(step))
      const headers = { ...(await next()).headers, 'content-encoding': 'gzip' }
      const body = async function* () {
        for (let sent = 0; sent < bytes; sent += step) yield member
      }
      return { status: 200, headers, body: body() }
    },
  }
}

/** An answer without end (rule F8). */
export function endlessBody(): Fault {
  return {
    name: 'endless-body',
    http: async ({ signal }, next) =>
      withBody(await next(), async function* () {
        const chunk = Buffer.alloc(65_536, 0x20)
        while (!signal.aborted) yield chunk
      }),
  }
}

/** The honest JSON answer with something changed. */
export function rewriteJson(name: string, change: (body: never, exchange: Exchange) => unknown): Fault {
  return {
    name,
    http: async (exchange, next) => {
      const reply = await next()
      if (typeof reply.body !== 'string') return reply
      return { ...reply, body: JSON.stringify(change(JSON.parse(reply.body) as never, exchange)) }
    },
  }
}

function withBody(
  reply: Reply,
  change: (body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
): Reply {
  return { ...reply, body: change(chunksOf(reply.body)) }
}

async function* chunksOf(body: Reply['body']): AsyncGenerator<Uint8Array> {
  if (typeof body === 'string') yield Buffer.from(body)
  else if (body instanceof Uint8Array) yield body
  else yield* body
}

async function* firstBytes(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes
  for await (const chunk of body) {
    yield chunk.subarray(0, left)
    left -= chunk.length
    if (left <= 0) return
  }
}

function aborted({ signal }: Exchange): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
