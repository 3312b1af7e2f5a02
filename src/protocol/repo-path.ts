import { InvalidError } from '../errors.ts'
import { isNsid, isRecordKey } from './syntax.ts'

/** A repo path in its two parts. */
export interface RepoPath {
  readonly collection: string
  readonly rkey: string
}

/**
 * Splits the paths of one repo. Its collections are few and stand together, so one check and one string
 * serve many paths.
 */
export class RepoPaths {
  /** The collection of the path before, with its slash: what the next path most likely begins with. */
  #prefix = '\n'
  #collection = ''
  readonly #known = new Map<string, string>()

  /** Throws InvalidError('F3') unless `path` is `<collection NSID>/<record key>`. */
  parse(path: string): RepoPath {
    if (!path.startsWith(this.#prefix)) this.#change(path)
    const rkey = path.slice(this.#prefix.length)
    if (!isRecordKey(rkey)) throw refuse(path)
    return { collection: this.#collection, rkey }
  }

  #change(path: string): void {
    const name = path.slice(0, Math.max(path.indexOf('/'), 0))
    if (!isNsid(name)) throw refuse(path)
    const known = this.#known.get(name) ?? name
    if (this.#known.size < MAX_KNOWN) this.#known.set(known, known)
    this.#collection = known
    this.#prefix = `${known}/`
  }
}

/** Distinct collections remembered; no real repo has as many. */
const MAX_KNOWN = 4096

const refuse = (path: string) =>
  new InvalidError('F3', `a path that is not collection/rkey; path=${path.slice(0, 200)}`)
