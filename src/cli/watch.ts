import { existsSync, type FSWatcher, statSync, watch as watchFs } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Editors save in several steps: changes that follow each other this closely are one, ms. */
const SETTLE_MS = 100

export interface Watching extends Disposable {
  /** Resolves with the next change, or with one that came since the last call. */
  changed(): Promise<void>
}

/** Watches folders and files, also ones that are not there yet as long as their parent is. */
export function watchPaths(paths: readonly string[]): Watching {
  let dirty = false
  let waiting: (() => void) | null = null
  let timer: NodeJS.Timeout | undefined
  const tell = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      dirty = waiting === null
      waiting?.()
      waiting = null
    }, SETTLE_MS)
  }
  const watchers = paths.map((path) => new PathWatcher(path, tell))
  return {
    changed() {
      if (dirty) {
        dirty = false
        return Promise.resolve()
      }
      return new Promise((resolve) => {
        waiting = resolve
      })
    },
    [Symbol.dispose]() {
      clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    },
  }
}

/**
 * Watches what stands at a path, and the path itself through its parent: folders come late, branches are switched, and
 * editors put a new file in place of the old one.
 */
class PathWatcher {
  readonly #path: string
  readonly #tell: () => void
  readonly #parent: FSWatcher | null
  #inner: FSWatcher | null = null
  /** Of what the inner one watches. */
  #inode: number | null = null

  constructor(path: string, tell: () => void) {
    this.#path = path
    this.#tell = tell
    const parent = dirname(path)
    this.#parent = existsSync(parent)
      ? watchFs(parent, (_, name) => this.#look(name)).on('error', tell)
      : null
    this.#renew()
  }

  close(): void {
    this.#parent?.close()
    this.#inner?.close()
  }

  #look(name: string | null): void {
    if (name !== null && name !== basename(this.#path)) return
    this.#renew()
    this.#tell()
  }

  #renew(): void {
    const inode = statSync(this.#path, { throwIfNoEntry: false })?.ino ?? null
    if (inode === this.#inode) return
    this.#inode = inode
    this.#inner?.close()
    this.#inner =
      inode === null ? null : watchFs(this.#path, { recursive: true }, this.#tell).on('error', this.#tell)
  }
}
