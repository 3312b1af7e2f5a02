import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { LextapError, UserError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import { IdentityError } from '../protocol/did-fetch.ts'
import type { Gate } from './auth.ts'
import { badRequest, type ErrorBody, json, RequestError } from './errors.ts'
import type { Health } from './health.ts'
import type { ServerPorts, ServerStore } from './ports.ts'
import { repoRoutes } from './repos.ts'
import { statsRoutes } from './stats.ts'
import { uiRoutes } from './ui/routes.ts'

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
    return c.body(refused.body, refused.status, refused.headers)
  })
  app.use(
    bodyLimit({
      maxSize: MAX_BODY,
      onError: (c) => json(c, { message: `the body is over ${MAX_BODY} bytes` }, 413),
    }),
  )
  app.route('/', statsRoutes(ports, store, observer, health))
  app.route('/', repoRoutes(ports, store))
  app.route('/', uiRoutes(ports, store, health))
  app.get('/channel', () => {
    throw badRequest(noChannel.records ?? 'this is a WebSocket: send an upgrade request')
  })
  app.notFound((c) => {
    const other = app.routes.find(({ path, method }) => method !== 'ALL' && covers(path, c.req.path))
    if (other === undefined) return json(c, { message: 'Not Found' }, 404)
    c.header('allow', `OPTIONS, ${other.method}`)
    if (c.req.method === 'OPTIONS') return c.body(null, 204)
    return json(c, { message: 'Method Not Allowed' }, 405)
  })
  app.onError((error, c) => {
    const [status, body] = answerFor(error)
    if (status >= 500) observer.log.error({ err: error, path: c.req.path }, 'a request failed')
    return json(c, body, status)
  })
  return app
}

/**
 * Whether a route answers at a path; those of one DID take whatever follows their prefix. The page is for browsers:
 * for whoever else there is nothing.
 */
function covers(route: string, path: string): boolean {
  if (path === '/') return false
  const did = route.indexOf(':did')
  if (did < 0) return route === path
  return path.length > did && path.startsWith(route.slice(0, did))
}

function answerFor(error: unknown): [ContentfulStatusCode, ErrorBody] {
  if (error instanceof RequestError) return [error.status as ContentfulStatusCode, { message: error.message }]
  // A DID of another method, or one whose document says nothing: asking again will not help.
  if (error instanceof IdentityError && error.kind === 'invalid') return [400, { message: error.message }]
  if (error instanceof UserError) return [400, { message: error.message }]
  // Something outside is down: what went wrong is theirs to know.
  if (error instanceof LextapError && error.retry) return [503, { message: error.message }]
  return [500, { message: 'Internal Server Error' }]
}
