import type { TableInfo } from '../../tables.ts'
import { copyLines } from './copy-lines.ts'
import type { FreshRows } from './fresh-rows.ts'
import type { MergeShape } from './shapes.ts'
import { arrayLiteral } from './values.ts'
import type { WireValue } from './wire.ts'

/** Where writes go. `fresh`: the shape, when its rows are taken for new. */
export interface WriteSink {
  send(text: string, values: readonly WireValue[], fresh: MergeShape | null): void
  /** The rows as lines of a `copy … from stdin`; null where the wire has no such thing. */
  readonly copy: ((text: string, lines: Buffer, fresh: MergeShape | null) => void) | null
}

/** Rows of one merged statement. */
const MAX_ROWS = 500
/** From so many on rows are copied in: an array for each column costs both sides more than lines, a `copy` more to begin with. */
const COPIED = 20

interface Group {
  readonly shape: MergeShape
  readonly rows: (readonly WireValue[])[]
}

/**
 * Writes on their way out. Rows of one shape that follow each other become one statement; writes to tables
 * of the same family keep their order, and a row that repeats a key waits for a statement of its own. Tables
 * without triggers or foreign keys between them cannot notice each other's order.
 */
export class WriteBuffer {
  readonly #open = new Map<number, Group>()
  readonly #fresh: FreshRows
  readonly #sink: WriteSink

  constructor(fresh: FreshRows, sink: WriteSink) {
    this.#fresh = fresh
    this.#sink = sink
  }

  add(shape: MergeShape, row: readonly WireValue[]): void {
    const { family } = shape.table
    let group = this.#open.get(family)
    if (group === undefined || group.shape !== shape) {
      if (group !== undefined) this.#sendGroup(group)
      group = { shape, rows: [] }
      this.#open.set(family, group)
    }
    group.rows.push(row)
    if (group.rows.length < MAX_ROWS) return
    this.#open.delete(family)
    this.#sendGroup(group)
  }

  /** A statement that cannot be merged, on one table. */
  alone({ family, reads }: TableInfo, text: string, values: readonly WireValue[]): void {
    if (reads) this.flush()
    const group = this.#open.get(family)
    if (group !== undefined) {
      this.#open.delete(family)
      this.#sendGroup(group)
    }
    this.#sink.send(text, values, null)
  }

  /** Everything goes out; what is sent afterwards finds it done. */
  flush(): void {
    if (this.#open.size === 0) return
    const groups = [...this.#open.values()]
    this.#open.clear()
    for (const group of groups) this.#sendGroup(group)
  }

  clear(): void {
    this.#open.clear()
  }

  #sendGroup({ shape, rows }: Group): void {
    // New rows have new keys: one that comes twice is refused like one that was there.
    if (this.#fresh.take(shape, rows.length)) this.#insert(shape, rows, shape)
    else if (shape.key === null) this.#insert(shape, rows, null)
    else for (const distinct of withoutRepeats(shape.key, rows)) this.#merge(shape, distinct)
  }

  /** Rows that no key keeps apart. */
  #insert(shape: MergeShape, rows: Group['rows'], fresh: MergeShape | null): void {
    const { copy } = this.#sink
    if (copy !== null && shape.copy !== null && rows.length >= COPIED)
      copy(shape.copy, copyLines(rows), fresh)
    else if (fresh === null || shape.fresh === null) this.#merge(shape, rows)
    else this.#sink.send(shape.fresh, arrays(shape, rows), fresh)
  }

  #merge(shape: MergeShape, rows: Group['rows']): void {
    const only = rows[0]
    if (rows.length === 1 && only !== undefined) this.#sink.send(shape.single, only, null)
    else this.#sink.send(shape.bulk, arrays(shape, rows), null)
  }
}

const arrays = ({ columns }: MergeShape, rows: Group['rows']): string[] =>
  Array.from({ length: columns }, (_, column) => arrayLiteral(rows, column))

/** The rows in their order, cut where a key comes again. */
function withoutRepeats(key: readonly number[], rows: Group['rows']): Group['rows'][] {
  const parts: Group['rows'][] = []
  const seen = new Set<string>()
  let begin = 0
  rows.forEach((row, i) => {
    const own = key.length === 1 ? onlyKey(row[key[0] ?? 0]) : keyOf(row, key)
    if (seen.has(own)) {
      parts.push(rows.slice(begin, i))
      seen.clear()
      begin = i
    }
    seen.add(own)
  })
  parts.push(begin === 0 ? rows : rows.slice(begin))
  return parts
}

/** Most keys are one text: it stands for itself. No text begins with NUL. */
function onlyKey(value: WireValue | undefined): string {
  if (typeof value === 'string') return value
  return value === null || value === undefined ? '\0' : `\0${value.toString('latin1')}`
}

const keyOf = (row: readonly WireValue[], places: readonly number[]): string =>
  places.map((place) => keyPart(row, place)).join(',')

function keyPart(row: readonly WireValue[], place: number | undefined): string {
  const value = place === undefined ? null : row[place]
  if (value === null || value === undefined) return '-'
  // With its length, so that no two lists of parts read the same.
  return typeof value === 'string'
    ? `${value.length}:${value}`
    : `b${value.length}:${value.toString('latin1')}`
}
