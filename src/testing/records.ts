import { cidText, plcDid } from './ids.ts'
import type { Random } from './random.ts'

/** Collections the sandbox writes records for. */
export const COLLECTIONS = [
  'xyz.statusphere.status',
  'app.bsky.actor.profile',
  'app.bsky.feed.post',
  'app.bsky.feed.like',
  'app.bsky.graph.follow',
] as const

export type SandboxCollection = (typeof COLLECTIONS)[number]

type Json = Record<string, unknown>

const WORDS = (
  'the of and to in is you that it he was for on are with as his they at be this have from or one had by word ' +
  'but not what all were we when your can said there use an each which she do how their if will up other about ' +
  'out many then them these so some her would make like him into time has look two more write go see number no ' +
  'way could people my than first water been call who oil its now find long down day did get come made may part ' +
  'café über naïve 日本 語 привет 🦋 👩‍👩‍👧 ✨'
).split(' ')
const STATUSES = [
  '👍',
  '👎',
  '💙',
  '🥹',
  '😧',
  '😤',
  '🙃',
  '😉',
  '😎',
  '🤓',
  '🤨',
  '🥳',
  '😭',
  '🤯',
  '🫡',
  '💀',
]
const TAGS = ['atproto', 'indexer', 'rust', 'bluesky', 'ねこ']

/** Makes lexicon-valid records, the same for the same seed. */
export class RecordMaker {
  readonly #random: Random
  readonly #strangers: readonly string[]
  readonly #now: () => string
  readonly #others: () => readonly { readonly did: string }[]

  /** `now` gives ISO times; `others` the accounts records may speak of (strangers fill in). */
  constructor(
    random: Random,
    now: () => string,
    others: () => readonly { readonly did: string }[] = () => [],
  ) {
    this.#random = random
    this.#now = now
    this.#others = others
    this.#strangers = Array.from({ length: 256 }, (_, i) => plcDid(`${random.seed}/stranger/${i}`))
  }

  /** A record of any collection the sandbox knows. */
  record(collection: SandboxCollection): Json {
    switch (collection) {
      case 'xyz.statusphere.status':
        return { $type: collection, status: this.#random.pick(STATUSES), createdAt: this.#now() }
      case 'app.bsky.actor.profile':
        return this.#profile()
      case 'app.bsky.feed.post':
        return this.#post()
      case 'app.bsky.feed.like':
        return { $type: collection, subject: this.#postRef(), createdAt: this.#now() }
      case 'app.bsky.graph.follow':
        return { $type: collection, subject: this.#somebody(), createdAt: this.#now() }
    }
  }

  /** A collection, as often as the network would use it. */
  collection(): SandboxCollection {
    const n = this.#random.int(100)
    if (n < 55) return 'app.bsky.feed.like'
    if (n < 75) return 'app.bsky.feed.post'
    if (n < 90) return 'app.bsky.graph.follow'
    return n < 99 ? 'xyz.statusphere.status' : 'app.bsky.actor.profile'
  }

  /** Text of `words` words, with some that are not ASCII. */
  text(words: number): string {
    return Array.from({ length: words }, () => this.#random.pick(WORDS)).join(' ')
  }

  #somebody(): string {
    const others = this.#others()
    if (others.length > 0 && this.#random.chance(0.7)) return this.#random.pick(others).did
    return this.#random.pick(this.#strangers)
  }

  #cid(codec: 0x71 | 0x55 = 0x71): string {
    return cidText(Uint8Array.from([1, codec, 0x12, 0x20, ...this.#random.bytes(32)]))
  }

  #postRef(): Json {
    const rkey = `3l${this.#rkeyTail()}`
    return { uri: `at://${this.#somebody()}/app.bsky.feed.post/${rkey}`, cid: this.#cid() }
  }

  #rkeyTail(): string {
    let tail = ''
    for (let i = 0; i < 11; i++) tail += '234567abcdefghijklmnopqrstuvwxyz'[this.#random.next() >>> 27]
    return tail
  }

  #blob(mimeType: string): Json {
    return {
      $type: 'blob',
      ref: { $link: this.#cid(0x55) },
      mimeType,
      size: 1000 + this.#random.int(900_000),
    }
  }

  #profile(): Json {
    return {
      $type: 'app.bsky.actor.profile',
      displayName: this.text(2),
      description: this.text(5 + this.#random.int(25)),
      avatar: this.#blob('image/jpeg'),
      ...(this.#random.chance(0.5) ? { banner: this.#blob('image/png') } : {}),
      createdAt: this.#now(),
    }
  }

  #post(): Json {
    const text = this.text(3 + this.#random.int(30))
    const post: Json = {
      $type: 'app.bsky.feed.post',
      text,
      langs: [this.#random.pick(['en', 'ja', 'pt-BR'])],
      createdAt: this.#now(),
    }
    if (this.#random.chance(0.3)) post.reply = { root: this.#postRef(), parent: this.#postRef() }
    if (this.#random.chance(0.2)) post.facets = [this.#tagFacet(text)]
    if (this.#random.chance(0.2)) post.embed = this.#embed()
    if (this.#random.chance(0.05)) post.tags = [this.#random.pick(TAGS)]
    return post
  }

  #tagFacet(text: string): Json {
    const byteEnd = Buffer.byteLength(text)
    return {
      index: { byteStart: this.#random.int(byteEnd), byteEnd },
      features: [{ $type: 'app.bsky.richtext.facet#tag', tag: this.#random.pick(TAGS) }],
    }
  }

  #embed(): Json {
    if (this.#random.chance(0.5)) return { $type: 'app.bsky.embed.record', record: this.#postRef() }
    return {
      $type: 'app.bsky.embed.images',
      images: Array.from({ length: 1 + this.#random.int(4) }, () => ({
        alt: this.text(this.#random.int(12)),
        image: this.#blob('image/jpeg'),
        aspectRatio: { width: 1 + this.#random.int(4000), height: 1 + this.#random.int(4000) },
      })),
    }
  }
}
