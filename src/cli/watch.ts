import { existsSync, type FSWatcher, watch as watchFs } from 'node:fs'
import { dirname } from 'node:path'

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
  const watchers = paths.map((path) => watchOne(path, tell)).filter((w) => w !== null)
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

function watchOne(path: string, tell: () => void): FSWatcher | null {
  if (existsSync(path)) return watchFs(path, { recursive: true }, tell).on('error', tell)
  const parent = dirname(path)
  return existsSync(parent) ? watchFs(parent, tell).on('error', tell) : null
}
