import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { Secp256k1Keypair } from '@atproto/crypto'
import { envToCfg, envToSecrets, PDS } from '@atproto/pds'

export const ADMIN_PASSWORD = 'admin-pass'

/** A port nobody listens on: the PDS must know its own before it starts. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** One real PDS with its temporary folder. */
export class RealPds {
  readonly pds: PDS
  readonly port: number
  readonly #folder: string

  private constructor(pds: PDS, port: number, folder: string) {
    this.pds = pds
    this.port = port
    this.#folder = folder
  }

  static async start(plc: string): Promise<RealPds> {
    const port = await freePort()
    const folder = await mkdtemp(join(tmpdir(), 'lextap-pds-'))
    const rotation = await Secp256k1Keypair.create({ exportable: true })
    const env = {
      port,
      hostname: 'localhost',
      serviceDid: `did:web:localhost%3A${port}`,
      dataDirectory: folder,
      blobstoreDiskLocation: join(folder, 'blobs'),
      blobstoreDiskTmpLocation: join(folder, 'blobs-tmp'),
      didPlcUrl: plc,
      serviceHandleDomains: ['.test'],
      inviteRequired: false,
      rateLimitsEnabled: false,
      disableSsrfProtection: true,
      devMode: true,
      jwtSecret: 'jwt-secret',
      dpopSecret: '00'.repeat(32),
      adminPassword: ADMIN_PASSWORD,
      plcRotationKeyK256PrivateKeyHex: Buffer.from(await rotation.export()).toString('hex'),
      // A repo of tens of thousands of records goes in by one call.
      maxImportSize: 200_000_000,
      blobUploadLimit: 200_000_000,
      // Whatever would be looked up outside.
      crawlers: [],
      handleBackupNameservers: [],
    }
    const pds = await PDS.create(envToCfg(env), envToSecrets(env))
    await pds.start()
    return new RealPds(pds, port, folder)
  }

  get url(): string {
    return `http://localhost:${this.port}`
  }

  /** WebSocket base URL. */
  get ws(): string {
    return `ws://localhost:${this.port}`
  }

  get serviceDid(): string {
    return this.pds.ctx.cfg.service.did
  }

  agent(): AtpAgent {
    return new AtpAgent({ service: this.url })
  }

  async close(): Promise<void> {
    await this.pds.destroy()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
