import type { TableInfo } from '../../tables.ts'
import type { FreshRows } from './fresh-rows.ts'
import type { MergeShape } from './shapes.ts'
import { arrayLiteral } from './values.ts'
import type { WireValue } from './wire.ts'

/** `fresh`: the shape, when its rows are taken for new. */
type SendWrite = (text: string, values: readonly WireValue[], fresh: MergeShape | null) => void

/** Rows of one merged statement. */
const MAX_ROWS = 500

interface Group {
  readonly shape: MergeShape
  readonly rows: (readonly WireValue[])[]
  readonly seen: Set<string> | null
}

/**
 * Writes on their way out. Rows of one shape that follow each other become one statement; writes to tables
 * of the same family keep their order, and a row that repeats a key waits for its own statement. Tables
 * without triggers or foreign keys between them cannot notice each other's order.
 */
export class WriteBuffer {
  readonly #open = new Map<number, Group>()
  readonly #fresh: FreshRows
  readonly #send: SendWrite

  constructor(fresh: FreshRows, send: SendWrite) {
    this.#fresh = fresh
    this.#send = send
  }

  add(shape: MergeShape, row: readonly WireValue[]): void {
    const { family } = shape.table
    let group = this.#open.get(family)
    if (group === undefined || group.shape !== shape || !takes(group, row)) {
      if (group !== undefined) this.#sendGroup(group)
      group = { shape, rows: [], seen: shape.key === null ? null : new Set() }
      this.#open.set(family, group)
      takes(group, row)
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
    this.#send(text, values, null)
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
    const only = rows[0]
    if (rows.length === 1 && only !== undefined) {
      this.#send(shape.single, only, null)
      return
    }
    const columns = Array.from({ length: shape.columns }, (_, column) => arrayLiteral(rows, column))
    if (shape.fresh !== null && this.#fresh.take(shape, rows.length)) this.#send(shape.fresh, columns, shape)
    else this.#send(shape.bulk, columns, null)
  }
}

/** False when the row has a key that the group has already. */
function takes({ shape, seen }: Group, row: readonly WireValue[]): boolean {
  if (seen === null || shape.key === null) return true
  const key = shape.key.length === 1 ? onlyKey(row[shape.key[0] ?? 0]) : keyOf(row, shape.key)
  const before = seen.size
  return seen.add(key).size > before
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
