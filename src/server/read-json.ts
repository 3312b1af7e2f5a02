import type { Context } from 'hono'
import { badRequest, RequestError } from './errors.ts'

/**
 * The fields of a JSON body; none when it is `null`. `expected` stands in the errors. The type is insisted on: a
 * browser asks before it sends that to a stranger.
 */
export async function readJson(c: Context, expected: string): Promise<Record<string, unknown>> {
  if (!/^application\/json\b/i.test(c.req.header('content-type') ?? '')) {
    throw new RequestError(415, `Unsupported Media Type: send ${expected} as application/json`)
  }
  let body: unknown
  try {
    body = JSON.parse(await c.req.text())
  } catch {
    throw badRequest(`the body is not JSON; expected ${expected}`)
  }
  return (body ?? {}) as Record<string, unknown>
}
