/**
 * What `@atproto/sync` does with a commit, in a process of its own: frame, CAR, signature and the proof of each op by
 * `@atproto/repo`; no inversion, no database. `node live-peer.ts <relay> <listing host> <plc> <frames>` prints commits/s.
 */
import { verifyProofs } from '@atproto/repo'
import { Frame } from '@atproto/xrpc-server'
import { WebSocket } from 'ws'

interface Commit {
  readonly repo: string
  readonly blocks: Uint8Array
  readonly ops: readonly { readonly path: string; readonly cid: never }[]
}

async function keysOf(lists: string, plc: string): Promise<Map<string, string>> {
  const response = await fetch(`${lists}/xrpc/com.atproto.sync.listRepos?limit=1000`)
  const { repos } = (await response.json()) as { repos: { did: string }[] }
  const keys = new Map<string, string>()
  for (const { did } of repos) {
    const document = (await (await fetch(`${plc}/${did}`)).json()) as {
      verificationMethod: { publicKeyMultibase: string }[]
    }
    keys.set(did, `did:key:${document.verificationMethod[0]?.publicKeyMultibase}`)
  }
  return keys
}

async function main([relay = '', lists = '', plc = '', count = '0']: string[]): Promise<number> {
  const keys = await keysOf(lists, plc)
  const frames: Uint8Array[] = []
  const socket = new WebSocket(`${relay}/xrpc/com.atproto.sync.subscribeRepos`, { perMessageDeflate: false })
  await new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      frames.push(data)
      if (frames.length === Number(count)) resolve()
    })
  })
  socket.terminate()
  const begin = performance.now()
  for (const bytes of frames.slice(0, Number(count))) {
    const { repo, blocks, ops } = Frame.fromBytes(bytes).body as unknown as Commit
    const claims = ops.map(({ path, cid }) => {
      const [collection = '', rkey = ''] = path.split('/')
      return { collection, rkey, cid }
    })
    const { unverified } = await verifyProofs(blocks, claims, repo, keys.get(repo) ?? '')
    if (unverified.length > 0) throw new Error('a proof does not hold')
  }
  return Number(count) / ((performance.now() - begin) / 1000)
}

if (import.meta.main) console.log(await main(process.argv.slice(2)))
