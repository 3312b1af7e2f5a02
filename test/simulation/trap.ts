import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server in the private network of the indexer, where redirects lead that must not be followed (rule F10). */
export class Trap {
  readonly #server: Server
  /** How often it was asked. */
  asked = 0

  private constructor() {
    this.#server = createServer((_, response) => {
      this.asked++
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"secret":"of the house"}')
    })
  }

  static async open(): Promise<Trap> {
    const trap = new Trap()
    await new Promise<void>((resolve) => trap.#server.listen(0, '127.0.0.1', resolve))
    return trap
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}
