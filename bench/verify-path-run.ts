/**
 * One stack over one CAR in a process of its own: `node verify-path-run.ts <stack> <car> [rounds]`. Prints JSON:
 * records, median seconds of processor time (all threads, garbage collection too: wall time
 * would measure who else is on the machine), and the process's peak memory in bytes.
 */

import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { RecordSchema } from '../src/dispatch/handler.ts'
import { DID, DID_KEY } from './network-repo.ts'
import { peakRss } from './peak-rss.ts'

export type Stack = 'walk' | 'decode' | 'lextap' | 'atproto' | 'atcute'

export interface Run {
  readonly records: number
  readonly seconds: number
  readonly peakRss: number
}

const CHUNK = 65_536

/** Chunks as a socket gives them: fresh buffers of 64 KiB. */
function* chunks(path: string): Generator<Uint8Array> {
  const file = openSync(path, 'r')
  for (;;) {
    const chunk = Buffer.allocUnsafeSlow(CHUNK)
    const length = readSync(file, chunk)
    if (length === 0) break
    yield new Uint8Array(chunk.buffer, 0, length)
  }
  closeSync(file)
}

async function lextap(path: string, mode: 'walk' | 'decode' | 'lextap'): Promise<number> {
  const { RepoWalk } = await import('../src/protocol/walk.ts')
  const { decodeJson } = await import('../src/protocol/cbor.ts')
  const { parseKey } = await import('../src/protocol/key.ts')
  const { verifySignature } = await import('../src/protocol/signature.ts')
  const validate = mode === 'lextap' ? await validator() : () => {}
  const walk = new RepoWalk()
  let count = 0
  const take = (records: readonly { collection: string; block: Uint8Array }[]) => {
    for (const { collection, block } of records) {
      count++
      if (mode !== 'walk') validate(collection, decodeJson(block))
    }
  }
  for (const chunk of chunks(path)) take(walk.push(chunk))
  for (const records of walk.finish()) take(records)
  const { commit } = walk
  if (
    commit === null ||
    commit.did !== DID ||
    !verifySignature(parseKey(DID_KEY), commit.signedBytes, commit.sig)
  )
    throw new Error('bad commit')
  walk.close()
  return count
}

/** The generated validators of the full lexicon set, which the parent wrote. */
async function validator(): Promise<(collection: string, record: unknown) => void> {
  const { schemas } = (await import(pathToFileURL(process.env.BENCH_SCHEMAS ?? '').href)) as {
    schemas: Record<string, RecordSchema>
  }
  return (collection, record) => {
    if (schemas[collection]?.$safeParse(record).success !== true)
      throw new Error(`invalid ${collection}: ${JSON.stringify(record)}`)
  }
}

async function atproto(path: string): Promise<number> {
  const { verifyRepoCar, cborToLexRecord, readCarWithRoot } = await import('@atproto/repo')
  const { lexicons } = await import('@atproto/api')
  // Its validators want blobs as instances of BlobRef.
  const { ipldToLex } = await import('@atproto/lexicon')
  const bytes = readFileSync(path)
  const { creates } = await verifyRepoCar(bytes, DID, DID_KEY)
  const { blocks } = await readCarWithRoot(bytes)
  for (const { collection, cid } of creates) {
    const block = blocks.get(cid)
    if (block === undefined) throw new Error('missing block')
    lexicons.assertValidRecord(collection, ipldToLex(cborToLexRecord(block)))
  }
  return creates.length
}

/** Hashes no block and checks no structure: the least a walk can do. */
async function atcute(path: string): Promise<number> {
  const { fromStream } = await import('@atcute/repo')
  const { safeParse } = await import('@atcute/lexicons')
  const { ReadableStream } = await import('node:stream/web')
  const schemas = await atcuteSchemas()
  let count = 0
  for await (const { collection, record } of fromStream(ReadableStream.from(chunks(path)) as never)) {
    if (!safeParse(schemas[collection] as never, record).ok) throw new Error(`invalid ${collection}`)
    count++
  }
  return count
}

async function atcuteSchemas(): Promise<Record<string, unknown>> {
  const lexicons = (await import('@atcute/bluesky')) as unknown as Record<string, { mainSchema: unknown }>
  return {
    'app.bsky.feed.like': lexicons.AppBskyFeedLike?.mainSchema,
    'app.bsky.feed.post': lexicons.AppBskyFeedPost?.mainSchema,
    'app.bsky.graph.follow': lexicons.AppBskyGraphFollow?.mainSchema,
    'app.bsky.feed.repost': lexicons.AppBskyFeedRepost?.mainSchema,
    'app.bsky.graph.block': lexicons.AppBskyGraphBlock?.mainSchema,
    'app.bsky.actor.profile': lexicons.AppBskyActorProfile?.mainSchema,
  }
}

const [stack, path, rounds = '1'] = process.argv.slice(2) as [Stack, string, string?]
const times: number[] = []
let records = 0
for (let i = 0; i < Number(rounds); i++) {
  const start = process.cpuUsage()
  records =
    stack === 'atproto'
      ? await atproto(path)
      : stack === 'atcute'
        ? await atcute(path)
        : await lextap(path, stack)
  const { user, system } = process.cpuUsage(start)
  times.push((user + system) / 1e6)
}
times.sort((a, b) => a - b)
const result: Run = {
  records,
  seconds: times[times.length >> 1] as number,
  peakRss: peakRss(),
}
process.stdout.write(JSON.stringify(result))
