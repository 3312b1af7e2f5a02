/** Things that wait for their time, a binary heap: adding and taking cost the logarithm of how many wait. */
export class DueQueue<T extends { readonly due: number }> {
  readonly #heap: T[] = []

  get size(): number {
    return this.#heap.length
  }

  /** When the first is due; Infinity when nothing waits. */
  get next(): number {
    return this.#heap[0]?.due ?? Number.POSITIVE_INFINITY
  }

  add(item: T): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(item)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above] as T
      if (parent.due <= item.due) break
      heap[at] = parent
      at = above
    }
    heap[at] = item
  }

  /** The first, if it is due by `now`. */
  take(now: number): T | null {
    const [first] = this.#heap
    if (first === undefined || first.due > now) return null
    const last = this.#heap.pop() as T
    if (this.#heap.length > 0) this.#sink(last)
    return first
  }

  /** Finds the place of an item, from the top down. */
  #sink(item: T): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      const left = heap[below]
      if (left === undefined) break
      const right = heap[below + 1]
      if (right !== undefined && right.due < left.due) below++
      const child = heap[below] as T
      if (child.due >= item.due) break
      heap[at] = child
      at = below
    }
    heap[at] = item
  }
}
