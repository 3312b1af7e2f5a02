import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** Tap's: words for people; programs go by the status. */
export interface ErrorBody {
  readonly message: string
}

/** As Tap's web framework spells it. */
export const JSON_TYPE = 'application/json; charset=UTF-8'

/** Thrown by handlers; becomes the answer. */
export class RequestError extends HTTPException {
  constructor(status: ContentfulStatusCode, message: string) {
    super(status, { message })
  }
}

export const badRequest = (message: string): RequestError => new RequestError(400, message)

/** JSON with the line end that Go's encoder writes. */
export function json(c: Context, body: object, status: ContentfulStatusCode = 200): Response {
  return c.body(`${JSON.stringify(body)}\n`, status, { 'content-type': JSON_TYPE })
}
