import { InvalidError } from '../errors.ts'
import { isNsid, isRecordKey } from './syntax.ts'

/** A repo path in its two parts. */
export interface RepoPath {
  readonly collection: string
  readonly rkey: string
}

/** Distinct collections remembered; no real repo has as many. */
const MAX_KNOWN = 4096

/** Splits the paths of one repo. Its collections are few, so each is checked once and one string serves all. */
export class RepoPaths {
  readonly #known = new Map<string, string>()

  /** Throws InvalidError('F3') unless `path` is `<collection NSID>/<record key>`. */
  parse(path: string): RepoPath {
    const slash = path.indexOf('/')
    const collection = this.#collection(path.slice(0, Math.max(slash, 0)), path)
    const rkey = path.slice(slash + 1)
    if (!isRecordKey(rkey)) throw refuse(path)
    return { collection, rkey }
  }

  #collection(name: string, path: string): string {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    if (!isNsid(name)) throw refuse(path)
    if (this.#known.size < MAX_KNOWN) this.#known.set(name, name)
    return name
  }
}

const refuse = (path: string) =>
  new InvalidError('F3', `a path that is not collection/rkey; path=${path.slice(0, 200)}`)
