import { writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { decode } from '@atcute/cbor'
import type { AtpAgent } from '@atproto/api'
import { Secp256k1Keypair } from '@atproto/crypto'
import { ADMIN_PASSWORD, type RealPds } from './real-pds.ts'

type Did = `did:${string}:${string}`

const PASSWORD = 'password'

interface RecordRow {
  readonly uri: string
  readonly collection: string
  readonly cid: string
  readonly content: Uint8Array
}

export interface RealRecord {
  readonly cid: string
  /** In atproto's JSON form. */
  readonly record: unknown
}

/** An account on a real PDS, used through `@atproto/api` as an app would. */
export class RealAccount {
  readonly did: Did
  readonly name: string
  /** Logged in. */
  agent: AtpAgent
  pds: RealPds
  handle: string
  deleted = false

  private constructor(name: string, agent: AtpAgent, pds: RealPds) {
    this.name = name
    this.agent = agent
    this.pds = pds
    this.did = agent.assertDid as Did
    this.handle = `${name}.test`
  }

  static async create(name: string, pds: RealPds): Promise<RealAccount> {
    const agent = pds.agent()
    await agent.createAccount({ handle: `${name}.test`, email: `${name}@mail.test`, password: PASSWORD })
    return new RealAccount(name, agent, pds)
  }

  /** Creates a record; unknown lexicons are taken as they are. */
  async create(
    collection: string,
    record: Record<string, unknown>,
    rkey?: string,
  ): Promise<{ uri: string; cid: string; rkey: string }> {
    const { data } = await this.agent.com.atproto.repo.createRecord({
      repo: this.did,
      collection,
      record: { $type: collection, ...record },
      validate: false,
      ...(rkey === undefined ? {} : { rkey }),
    })
    return { uri: data.uri, cid: data.cid, rkey: data.uri.slice(data.uri.lastIndexOf('/') + 1) }
  }

  async put(
    collection: string,
    rkey: string,
    record: Record<string, unknown>,
  ): Promise<{ uri: string; cid: string }> {
    const { data } = await this.agent.com.atproto.repo.putRecord({
      repo: this.did,
      collection,
      rkey,
      record: { $type: collection, ...record },
      validate: false,
    })
    return data
  }

  async delete(collection: string, rkey: string): Promise<void> {
    await this.agent.com.atproto.repo.deleteRecord({ repo: this.did, collection, rkey })
  }

  /** Several creates in one commit (at most 200). */
  async createMany(
    writes: readonly { collection: string; rkey?: string; record: Record<string, unknown> }[],
  ): Promise<void> {
    await this.agent.com.atproto.repo.applyWrites({
      repo: this.did,
      validate: false,
      writes: writes.map(({ collection, rkey, record }) => ({
        $type: 'com.atproto.repo.applyWrites#create' as const,
        collection,
        ...(rkey === undefined ? {} : { rkey }),
        value: { $type: collection, ...record },
      })),
    })
  }

  async updateHandle(handle: string): Promise<void> {
    await this.agent.com.atproto.identity.updateHandle({ handle })
    this.handle = handle
  }

  async deactivate(): Promise<void> {
    await this.agent.com.atproto.server.deactivateAccount({})
  }

  async activate(): Promise<void> {
    await this.agent.com.atproto.server.activateAccount()
  }

  /** Taken down (or given back) by the host's admin. */
  async takedown(applied = true): Promise<void> {
    await this.#asAdmin().com.atproto.admin.updateSubjectStatus(
      {
        subject: { $type: 'com.atproto.admin.defs#repoRef', did: this.did },
        takedown: { applied },
      },
      ADMIN,
    )
  }

  /** Deletes the account for ever. */
  async remove(): Promise<void> {
    await this.#asAdmin().com.atproto.admin.deleteAccount({ did: this.did }, ADMIN)
    this.deleted = true
  }

  #asAdmin(): AtpAgent {
    return this.pds.agent()
  }

  /**
   * A new signing key, by the steps of the host's own maintenance script: key file, PLC operation, an empty
   * commit, `#identity`, `#sync`. Returns it as a did:key.
   */
  async rotateSigningKey(): Promise<string> {
    const { ctx } = this.pds.pds
    const key = await Secp256k1Keypair.create({ exportable: true })
    const { keyLocation } = await ctx.actorStore.getLocation(this.did)
    await writeFile(keyLocation, await key.export())
    await ctx.plcClient.updateAtprotoKey(this.did, ctx.plcRotationKey, key.did())
    await ctx.sequencer.sequenceIdentity(this.did)
    await this.resign()
    return key.did()
  }

  /** Signs the repo anew with the key its host has now, and announces it: an empty commit and its `#sync`. */
  async resign(): Promise<void> {
    const { ctx } = this.pds.pds
    const head = await ctx.actorStore.transact(this.did, async ({ repo }) => {
      await repo.processWrites([])
      return repo.getSyncEventData()
    })
    await ctx.sequencer.sequenceSync(this.did, head)
  }

  /** The repo as its host exports it. */
  async car(): Promise<Uint8Array> {
    return (await this.agent.com.atproto.sync.getRepo({ did: this.did })).data
  }

  /**
   * Replaces the repo's contents by those of a CAR. The reference PDS keeps the CAR's own commit as the head,
   * whoever signed it and with the rev it has, and tells nobody: until {@link resign} or the next write the
   * repo does not verify.
   */
  async importRepo(car: Uint8Array): Promise<void> {
    await this.agent.com.atproto.repo.importRepo(car, { encoding: 'application/vnd.ipld.car' })
  }

  /**
   * Moves the account as a user would: service token, import, PLC operation, activation there, deactivation here.
   * Until {@link resign} or the first write there, the repo does not verify: the import keeps the commit that
   * the old host signed, and activation announces it by `#sync` under a rev which that commit does not have.
   */
  async moveTo(target: RealPds): Promise<void> {
    const from = this.pds
    const { data: auth } = await this.agent.com.atproto.server.getServiceAuth({
      aud: target.serviceDid,
      lxm: 'com.atproto.server.createAccount',
    })
    const agent = target.agent()
    await agent.com.atproto.server.createAccount(
      { did: this.did, handle: this.handle, email: `${this.name}@mail.test`, password: PASSWORD },
      { headers: { authorization: `Bearer ${auth.token}` }, encoding: 'application/json' },
    )
    await agent.login({ identifier: this.did, password: PASSWORD })
    await agent.com.atproto.repo.importRepo(await this.car(), { encoding: 'application/vnd.ipld.car' })
    const { data: wanted } = await agent.com.atproto.identity.getRecommendedDidCredentials()
    const { plcClient, plcRotationKey } = from.pds.ctx
    await plcClient.updateData(this.did, plcRotationKey, (last) => ({ ...last, ...(wanted as object) }))
    await agent.com.atproto.server.activateAccount()
    await this.deactivate()
    this.agent = agent
    this.pds = target
  }

  /** URI → record, read from the host's tables rather than from its API. */
  async records(collections?: readonly string[]): Promise<Map<string, RealRecord>> {
    const { dbLocation } = await this.pds.pds.ctx.actorStore.getLocation(this.did)
    const db = new DatabaseSync(dbLocation, { readOnly: true })
    const rows = db
      .prepare(
        'select uri, collection, r.cid, content from record r join repo_block b on b.cid = r.cid order by uri',
      )
      .all() as unknown as readonly RecordRow[]
    db.close()
    return new Map(
      rows
        .filter(({ collection }) => collections === undefined || collections.includes(collection))
        .map(({ uri, cid, content }) => [uri, { cid, record: JSON.parse(JSON.stringify(decode(content))) }]),
    )
  }
}

const ADMIN = {
  encoding: 'application/json',
  headers: { authorization: `Basic ${Buffer.from(`admin:${ADMIN_PASSWORD}`).toString('base64')}` },
} as const
