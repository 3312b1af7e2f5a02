import { request } from 'undici'
import { TemporaryError, UserError } from '../errors.ts'

const CHUNK = 500

/** What a Tap is asked to follow. */
export class TapAdmin {
  readonly #url: string
  readonly #headers: Record<string, string>

  constructor(url: string, password: string | null) {
    this.#url = url.replace(/\/+$/, '')
    this.#headers = { 'content-type': 'application/json', 'user-agent': 'lextap' }
    if (password !== null)
      this.#headers.authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`
  }

  add(dids: readonly string[], signal: AbortSignal): Promise<void> {
    return this.#post('/repos/add', dids, {}, signal)
  }

  remove(dids: readonly string[], signal: AbortSignal): Promise<void> {
    // A lextap would send a delete of every record; what becomes of ours is for us to say. A Tap does not know it.
    return this.#post('/repos/remove', dids, { keepRows: true }, signal)
  }

  /** Throws UserError when the Tap refuses, TemporaryError when it cannot be reached. */
  async #post(path: string, dids: readonly string[], rest: object, signal: AbortSignal): Promise<void> {
    for (let i = 0; i < dids.length; i += CHUNK) {
      const status = await this.#send(
        path,
        JSON.stringify({ dids: dids.slice(i, i + CHUNK), ...rest }),
        signal,
      )
      if (status >= 200 && status < 300) continue
      const message = `${this.#url}${path} answered ${status}`
      if (status === 401) throw new UserError(`${message}: check the password of the option source`)
      throw new TemporaryError(message, { code: 'source' })
    }
  }

  async #send(path: string, body: string, signal: AbortSignal): Promise<number> {
    const options = { method: 'POST', headers: this.#headers, body, signal, headersTimeout: 30_000 } as const
    try {
      const response = await request(`${this.#url}${path}`, options)
      await response.body.dump()
      return response.statusCode
    } catch (cause) {
      if (signal.aborted) throw signal.reason
      throw new TemporaryError(`${this.#url} cannot be reached: ${String(cause)}`, { code: 'source', cause })
    }
  }
}
