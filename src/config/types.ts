/** What the user writes in `tap.config.ts`. Every option is optional; docs/config.md lists the defaults. */
export interface TapConfig {
  /** Folder of lexicon documents (JSON). Default `./lexicons`. */
  lexicons?: string
  /** Folder the generator writes to. Default `./generated`. */
  generated?: string
  /** Folder or module(s) with handlers. Default `./src/handlers`. */
  handlers?: string | string[]
  /** Folder of Kysely migrations for your own tables. Default `./migrations` where that exists. */
  migrations?: string
  /** `sqlite:./file.db`, `postgres://…` or `pglite:./dir`. Default `sqlite:./.lextap/app.db`. */
  database?: string
  /** Which repos to follow; the three combine. */
  track?: { dids?: string[]; signal?: string | string[]; network?: 'full' }
  /** Collections to index, `ns.*` wildcards allowed. Default: those with handlers. */
  collections?: string[]
  /** Keep record bodies for replay (`keep`) or CIDs alone (`index`). Default `keep`. */
  records?: 'keep' | 'index'
  /** Firehose to follow. Default `wss://relay1.us-east.bsky.network`. */
  relay?: string
  /** PLC directory. Default `https://plc.directory`. */
  plc?: string
  /** Where lists and repos come from when not each account's own PDS. Default: the relay for lists, the PDS for repos. */
  upstream?: { lists?: string; repos?: string }
  policy?: {
    /** Commits without Sync 1.1 proofs (rule B18). Default `proven`. */
    legacy?: 'proven' | 'resync' | 'reject'
    /** Records that fail their lexicon (rule H3); per collection with `ns.*` wildcards. Default `dead-letter`. */
    invalid?: InvalidPolicy | Record<string, InvalidPolicy>
    /** Accept blobs of the form before 2023 (`{ cid, mimeType }`). Default true. */
    legacyBlobs?: boolean
  }
  backfill?: {
    /** Repos fetched at once. Default 8. */
    concurrency?: number
    /** Repos fetched at once from one host. Default 4. */
    perHost?: number
    /** Largest repo to accept, in bytes. Default 4 GiB. */
    maxBytes?: number
    /** Give up after so long without progress, ms. Default 300000. */
    stallMs?: number
    /** Allow private and loopback addresses (the sandbox needs it). Default false. */
    allowPrivateHosts?: boolean
  }
  handling?: {
    /** Attempts before a throwing handler's op becomes a dead letter. Default 3. */
    attempts?: number
    /** Longest time one handler call may take, ms. Default 30000. */
    timeoutMs?: number
  }
  server?: { port?: number; host?: string; password?: string } | false
  log?: { level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'; format?: 'pretty' | 'json' }
}

export type InvalidPolicy = 'dead-letter' | 'deliver' | 'skip'

/** The same with every default filled in and every path absolute: no optionals. */
export interface ResolvedConfig {
  /** Folder of the config file; relative paths started from here. */
  readonly root: string
  /** The config file itself, null when there is none. */
  readonly file: string | null
  readonly lexicons: string
  readonly generated: string
  readonly handlers: readonly string[]
  readonly migrations: string | null
  readonly database: string
  readonly track: {
    readonly dids: readonly string[]
    readonly signal: readonly string[]
    readonly full: boolean
  }
  /** Null: those with handlers. */
  readonly collections: readonly string[] | null
  readonly records: 'keep' | 'index'
  readonly relay: string
  readonly plc: string
  /** Null repos: each account's own PDS. */
  readonly upstream: { readonly lists: string; readonly repos: string | null }
  readonly policy: {
    readonly legacy: 'proven' | 'resync' | 'reject'
    /** Pattern → policy; `*` is always there. */
    readonly invalid: Readonly<Record<string, InvalidPolicy>>
    readonly legacyBlobs: boolean
  }
  readonly backfill: {
    readonly concurrency: number
    readonly perHost: number
    readonly maxBytes: number
    readonly stallMs: number
    readonly allowPrivateHosts: boolean
  }
  readonly handling: { readonly attempts: number; readonly timeoutMs: number }
  readonly server: { readonly port: number; readonly host: string; readonly password: string | null } | null
  readonly log: {
    readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
    readonly format: 'pretty' | 'json'
  }
}
