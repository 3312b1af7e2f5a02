import { STRING_FORMATS } from '../../src/lexicon/document.ts'
import type { Random } from './random.ts'

type Json = Record<string, unknown>

/** Documents that use the language at random; the reference's parser accepts them all. */
export function randomDocuments(random: Random, count: number): ({ id: string } & Json)[] {
  const nsid = (i: number) => `com.example.fuzz${i}.thing`
  const refs: string[] = []
  for (let i = 0; i < count; i++) for (const name of ['one', 'two', 'tree']) refs.push(`${nsid(i)}#${name}`)
  const maker = new DocumentMaker(random, refs)
  return Array.from({ length: count }, (_, i) => ({
    lexicon: 1,
    id: nsid(i),
    defs: {
      main: { type: 'record', key: 'tid', record: maker.object(6) },
      one: maker.object(3),
      two: maker.object(2),
      // A definition that contains itself, with an exit.
      tree: {
        type: 'object',
        properties: {
          leaf: maker.field(),
          children: { type: 'array', items: { type: 'ref', ref: '#tree' } },
        },
      },
      text: maker.string(),
      list: { type: 'array', items: maker.scalar(), maxLength: 4 },
    },
  }))
}

class DocumentMaker {
  readonly #random: Random
  readonly #refs: readonly string[]

  constructor(random: Random, refs: readonly string[]) {
    this.#random = random
    this.#refs = refs
  }

  object(fields: number): Json {
    const names = Array.from(
      { length: this.#random.int(0, fields) },
      (_, i) => this.#random.pick(['a', 'b-c', 'default', 'text', 'v', 'c', 'l', 'i', 'größe', 'x y']) + i,
    )
    const properties = Object.fromEntries(names.map((name) => [name, this.field()]))
    return {
      type: 'object',
      properties,
      // Required references could make a cycle nothing satisfies, so only what is not one is required.
      required: names.filter(
        (name) => this.#random.chance(0.4) && !['ref', 'union'].includes(String(properties[name]?.type)),
      ),
      nullable: names.filter(() => this.#random.chance(0.2)),
    }
  }

  field(): Json {
    const kind = this.#random.int(0, 9)
    if (kind < 6) return this.scalar()
    if (kind === 6) return { type: 'array', items: this.scalar(), ...this.#range('Length', 5) }
    if (kind === 7) return { type: 'ref', ref: this.#random.pick([...this.#refs, '#text', '#list', '#one']) }
    if (kind === 8) return this.#union()
    return {
      type: 'array',
      items: this.#random.chance(0.5) ? this.#union() : { type: 'ref', ref: this.#random.pick(this.#refs) },
    }
  }

  scalar(): Json {
    const random = this.#random
    switch (random.int(0, 6)) {
      case 0:
        return random.pick([
          { type: 'boolean' },
          { type: 'boolean', const: true },
          { type: 'boolean', default: false },
        ])
      case 1: {
        const [low, high] = [random.int(-10, 5), random.int(5, 20)]
        return random.pick<Json>([
          { type: 'integer', minimum: low, maximum: high },
          { type: 'integer', minimum: low },
          { type: 'integer', const: low },
          { type: 'integer', enum: [low, high] },
          { type: 'integer', default: high },
        ])
      }
      case 2:
        return { type: 'bytes', ...this.#range('Length', 40) }
      case 3:
        return { type: 'cid-link' }
      case 4:
        return random.pick<Json>([
          { type: 'blob' },
          { type: 'blob', accept: ['image/*'], maxSize: 1_000_000 },
          { type: 'unknown' },
        ])
      default:
        return this.string()
    }
  }

  string(): Json {
    const random = this.#random
    return random.pick<Json>([
      { type: 'string', format: random.pick(STRING_FORMATS) },
      { type: 'string', ...this.#range('Length', 60) },
      { type: 'string', ...this.#range('Graphemes', 30) },
      { type: 'string', ...this.#range('Graphemes', 10), maxLength: 900 },
      { type: 'string', enum: ["it's", 'b"c', 'größe', '\u2028'] },
      { type: 'string', const: 'only' },
      { type: 'string', knownValues: ['x', 'y'], default: 'x' },
    ])
  }

  #union(): Json {
    const refs = Array.from({ length: this.#random.int(1, 3) }, () => this.#random.pick(this.#refs))
    return { type: 'union', refs, ...(this.#random.chance(0.3) ? { closed: true } : {}) }
  }

  #range(suffix: string, most: number): Json {
    const low = this.#random.int(0, most)
    return this.#random.pick<Json>([
      {},
      { [`max${suffix}`]: low + 2 },
      { [`min${suffix}`]: Math.min(low, 5) },
      { [`min${suffix}`]: Math.min(low, 5), [`max${suffix}`]: low + 7 },
    ])
  }
}
