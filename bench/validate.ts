import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { runCodegen } from '../src/lexicon/codegen.ts'
import { decodeJson, encode } from '../src/protocol/cbor.ts'
import { type Figure, median } from './figure.ts'
import { randomOf, sample } from './network-repo.ts'
import { writePublicLexicons } from './public-lexicons.ts'
import { zodRecords } from './zod-records.ts'

const FOLDER = resolve(import.meta.dirname, '../.lextap/bench')
const RECORDS = 20_000
const ROUNDS = 10
const NAMES = [
  'app.bsky.feed.like',
  'app.bsky.feed.post',
  'app.bsky.graph.follow',
  'app.bsky.feed.repost',
  'app.bsky.graph.block',
  'app.bsky.actor.profile',
] as const

interface Item {
  readonly collection: string
  readonly record: unknown
}
type Validate = (collection: string, record: unknown) => boolean
interface Contender {
  readonly items: readonly Item[]
  readonly validate: Validate
}

/** Validates a mix of records as the network has it, each library with values in its own form, in turns. */
export async function bench(): Promise<Figure[]> {
  const json = records()
  const contenders: Record<string, Contender> = {
    lextap: await lextap(json),
    '@atproto/lexicon': await atprotoLexicon(json),
    '@atproto/lex-schema': await lexSchema(json),
    '@atcute/lexicons': await atcute(json),
    zod: {
      items: json,
      validate: (collection, record) => zodRecords[collection]?.safeParse(record).success === true,
    },
  }
  const rates: Record<string, number[]> = Object.fromEntries(
    Object.keys(contenders).map((name) => [name, []]),
  )
  const order = Object.entries(contenders)
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, contender] of order) {
      const rate = run(contender, name)
      // The first round warms up the compiler.
      if (round > 0) rates[name]?.push(rate)
    }
    // Another one starts each round: the first to touch the records pays for fetching them.
    order.push(...order.splice(0, 1))
  }
  const ours = rates.lextap ?? []
  const peers = Object.fromEntries(
    Object.entries(rates).flatMap(([name, values]) => (name === 'lextap' ? [] : [[name, median(values)]])),
  )
  return [
    {
      id: 'validate',
      value: median(ours),
      unit: 'records/s',
      target: '>= 2x @atcute/lexicons',
      spread: [Math.min(...ours), Math.max(...ours)],
      peers,
    },
  ]
}

function run({ items, validate }: Contender, name: string): number {
  const start = performance.now()
  for (const { collection, record } of items)
    if (!validate(collection, record)) throw new Error(`${name} refused ${JSON.stringify(record)}`)
  return (items.length / (performance.now() - start)) * 1000
}

function records(): Item[] {
  const random = randomOf(1)
  return Array.from({ length: RECORDS }, (_, i) => {
    const { collection, record } = sample(random, 1_700_000_000_000_000 + i * 1_000_000)
    return { collection, record: decodeJson(encode(record)) }
  })
}

async function lextap(items: readonly Item[]): Promise<Contender> {
  const lexicons = join(FOLDER, 'lexicons')
  await writePublicLexicons(lexicons)
  await runCodegen({ lexicons, generated: join(FOLDER, 'generated'), migrations: null })
  const { schemas } = await import(pathToFileURL(join(FOLDER, 'generated/handlers.ts')).href)
  return { items, validate: (collection, record) => schemas[collection].$safeParse(record).success }
}

async function atprotoLexicon(json: readonly Item[]): Promise<Contender> {
  const { lexicons } = await import('@atproto/api')
  const { jsonToLex } = await import('@atproto/lexicon')
  const items = json.map(({ collection, record }) => ({ collection, record: jsonToLex(record) }))
  // Throws when the record is wrong.
  return { items, validate: (collection, record) => lexicons.assertValidRecord(collection, record) !== null }
}

async function lexSchema(json: readonly Item[]): Promise<Contender> {
  const { build } = await import('@atproto/lex-builder')
  const { jsonToLex } = await import('@atproto/lex-json')
  const out = join(FOLDER, 'lex')
  mkdirSync(out, { recursive: true })
  const include = ['app.bsky.*', 'com.atproto.*']
  await build({
    lexicons: join(FOLDER, 'lexicons'),
    out,
    override: true,
    include,
    lib: '@atproto/lex-schema',
    importExt: '.ts',
    fileExt: '.ts',
    pretty: false,
  })
  const schemas: Record<string, { safeParse(value: unknown): { success: boolean } }> = {}
  for (const name of NAMES) {
    const file = join(out, `${name.replaceAll('.', '/')}.defs.ts`)
    schemas[name] = (await import(pathToFileURL(file).href)).main
  }
  const items = json.map(({ collection, record }) => ({ collection, record: jsonToLex(record as never) }))
  return { items, validate: (collection, record) => schemas[collection]?.safeParse(record).success === true }
}

async function atcute(items: readonly Item[]): Promise<Contender> {
  const lexicons = (await import('@atcute/bluesky')) as unknown as Record<string, { mainSchema: never }>
  const { safeParse } = await import('@atcute/lexicons')
  const modules: Record<(typeof NAMES)[number], string> = {
    'app.bsky.feed.like': 'AppBskyFeedLike',
    'app.bsky.feed.post': 'AppBskyFeedPost',
    'app.bsky.graph.follow': 'AppBskyGraphFollow',
    'app.bsky.feed.repost': 'AppBskyFeedRepost',
    'app.bsky.graph.block': 'AppBskyGraphBlock',
    'app.bsky.actor.profile': 'AppBskyActorProfile',
  }
  const schemas = Object.fromEntries(
    NAMES.map((name) => [name, lexicons[modules[name]]?.mainSchema as never]),
  )
  return { items, validate: (collection, record) => safeParse(schemas[collection] as never, record).ok }
}
