/**
 * The software the network really runs, in this process: a PLC directory (`@did-plc/server`, in memory) and
 * one or more PDSes (`@atproto/pds`, in temporary folders). Nothing is faked; nothing outside is asked.
 */
import { Database as PlcDatabase, PlcServer } from '@did-plc/server'
import { RealAccount, type RealRecord } from './real-account.ts'
import { freePort, RealPds } from './real-pds.ts'

export class RealNetwork {
  readonly pdses: readonly [RealPds, ...RealPds[]]
  readonly accounts: RealAccount[] = []
  readonly #plcServer: PlcServer
  readonly #plcPort: number

  private constructor(plcServer: PlcServer, plcPort: number, pdses: readonly [RealPds, ...RealPds[]]) {
    this.#plcServer = plcServer
    this.#plcPort = plcPort
    this.pdses = pdses
  }

  static async start(options: { pdses?: number } = {}): Promise<RealNetwork> {
    const plcPort = await freePort()
    const plcServer = PlcServer.create({ db: PlcDatabase.mock(), port: plcPort })
    await plcServer.start()
    const plc = `http://localhost:${plcPort}`
    const first = await RealPds.start(plc)
    const rest: RealPds[] = []
    for (let i = 1; i < (options.pdses ?? 1); i++) rest.push(await RealPds.start(plc))
    return new RealNetwork(plcServer, plcPort, [first, ...rest])
  }

  /** Base URL of the PLC directory. */
  get plc(): string {
    return `http://localhost:${this.#plcPort}`
  }

  /** A new account, logged in; `name` becomes the handle `name.test`. */
  async createAccount(name: string, pds: RealPds = this.pdses[0]): Promise<RealAccount> {
    const account = await RealAccount.create(name, pds)
    this.accounts.push(account)
    return account
  }

  /** DID of a handle, as the PDSes know it. */
  resolveHandle = async (handle: string): Promise<string | null> => {
    for (const pds of this.pdses) {
      try {
        return (await pds.agent().com.atproto.identity.resolveHandle({ handle })).data.did
      } catch {
        // Asked the next one.
      }
    }
    return null
  }

  /** URI → record of every account that was not deleted, read from the PDS's own tables. */
  async truth(collections?: readonly string[]): Promise<Map<string, RealRecord>> {
    const out = new Map<string, RealRecord>()
    for (const account of this.accounts) {
      if (account.deleted) continue
      for (const [uri, record] of await account.records(collections)) out.set(uri, record)
    }
    return out
  }

  async close(): Promise<void> {
    await Promise.all(this.pdses.map((pds) => pds.close()))
    await this.#plcServer.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

export function startRealNetwork(options: { pdses?: number } = {}): Promise<RealNetwork> {
  return RealNetwork.start(options)
}
