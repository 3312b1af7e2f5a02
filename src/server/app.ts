import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { LextapError, UserError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import type { Gate } from './auth.ts'
import { type ErrorBody, json, RequestError } from './errors.ts'
import type { Health } from './health.ts'
import type { ServerPorts, ServerStore } from './ports.ts'
import { repoRoutes } from './repos.ts'
import { statsRoutes } from './stats.ts'

/** Why `/channel` cannot be opened, for Tap's events and for emitted ones alone; null when it can. */
export interface NoChannel {
  readonly records: string | null
  readonly all: string | null
}

export interface AppOptions {
  readonly gate: Gate
  readonly observer: Observer
  readonly store: ServerStore
  readonly ports: ServerPorts
  readonly health: Health | null
  readonly noChannel: NoChannel
}

/** A hundred thousand DIDs fit. */
const MAX_BODY = 8 << 20

/** Every HTTP endpoint; the WebSocket upgrade of `/channel` happens below it, in `server.ts`. */
export function createApp(options: AppOptions): Hono {
  const { gate, observer, store, ports, health, noChannel } = options
  const app = new Hono()
  app.use(async (c, next) => {
    const { authorization, origin, host } = c.req.header()
    const refused = gate({ authorization, origin, host })
    if (refused === null) return next()
    for (const [name, value] of Object.entries(refused.headers)) c.header(name, value)
    return json(c, { error: refused.error, message: refused.message }, refused.status)
  })
  app.use(
    bodyLimit({
      maxSize: MAX_BODY,
      onError: (c) =>
        json(c, { error: 'PayloadTooLarge', message: `the body is over ${MAX_BODY} bytes` }, 413),
    }),
  )
  app.route('/', statsRoutes(ports, store, observer, health))
  app.route('/', repoRoutes(ports, store))
  app.get('/channel', (c) =>
    json(
      c,
      {
        error: 'InvalidRequest',
        message: noChannel.records ?? 'this is a WebSocket: send an upgrade request',
      },
      400,
    ),
  )
  app.notFound((c) => {
    const other = app.routes.find(({ path, method }) => method !== 'ALL' && covers(path, c.req.path))
    if (other === undefined) return json(c, { error: 'NotFound', message: 'Not Found' }, 404)
    c.header('allow', other.method)
    return json(c, { error: 'MethodNotAllowed', message: `Method Not Allowed; use ${other.method}` }, 405)
  })
  app.onError((error, c) => {
    const [status, body] = answerFor(error)
    if (status >= 500) observer.log.error({ err: error, path: c.req.path }, 'a request failed')
    return json(c, body, status)
  })
  return app
}

const covers = (pattern: string, path: string) =>
  pattern.endsWith('/*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path

function answerFor(error: unknown): [ContentfulStatusCode, ErrorBody] {
  if (error instanceof RequestError) return [error.status as ContentfulStatusCode, error.body]
  if (error instanceof UserError) return [400, { error: 'InvalidRequest', message: error.message }]
  // Something outside is down: what went wrong is theirs to know.
  if (error instanceof LextapError && error.retry) return [503, { error: 'TryAgain', message: error.message }]
  return [500, { error: 'InternalServerError', message: 'Internal Server Error' }]
}
