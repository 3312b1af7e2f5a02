import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** `error` is for programs, `message` for people; Tap has `message` alone. */
export interface ErrorBody {
  readonly error: string
  readonly message: string
}

/** Thrown by handlers; becomes the answer. */
export class RequestError extends HTTPException {
  readonly body: ErrorBody
  constructor(status: ContentfulStatusCode, error: string, message: string) {
    super(status, { message })
    this.body = { error, message }
  }
}

export const badRequest = (message: string): RequestError => new RequestError(400, 'InvalidRequest', message)

/** JSON with the line end that Go's encoder writes. */
export function json(c: Context, body: object, status: ContentfulStatusCode = 200): Response {
  return c.body(`${JSON.stringify(body)}\n`, status, { 'content-type': 'application/json' })
}
