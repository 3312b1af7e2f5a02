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
  /** Most connections to open on Postgres. Default 8. */
  databaseConnections?: number
  /** Which repos to follow; the three combine. */
  track?: {
    /** Accounts by DID. Default none. */
    dids?: string[]
    /**
     * Every repo that holds a record of these collections; `ns.*` wildcards allowed. Relays list repos by exact collections: of
     * a wildcard those that have a lexicon in the project. Repos that hold only others are found when they commit. Default none.
     */
    signal?: string | string[]
    /** `full` follows every repo of the network. Default: only the ones named by `dids` and `signal`. */
    network?: 'full'
  }
  /** Collections to index, `ns.*` wildcards allowed. Default: those with handlers. */
  collections?: string[]
  /** Keep record bodies for replay (`keep`) or CIDs alone (`index`). Default `keep`. */
  records?: 'keep' | 'index'
  /**
   * Follow something else than a firehose: `tap('http://…')` or `jetstream('wss://…')` from `lextap/config`.
   * Default: the firehose of `relay`.
   */
  source?: FeedSource
  /** Firehose to follow; `http(s)` and `ws(s)` mean the same. Default `wss://relay1.us-east.bsky.network`. */
  relay?: string
  /** PLC directory. Default `https://plc.directory`. */
  plc?: string
  /** Where lists and repos come from. */
  upstream?: {
    /** Host asked for `listRepos` and `listReposByCollection`. Default: the relay. */
    lists?: string
    /** Host asked for `getRepo`. Default: each account's own PDS. */
    repos?: string
  }
  /** The live stream. */
  stream?: {
    /** Repos worked on at once; commits of different repos share a transaction. Default 512. */
    concurrency?: number
    /** Messages held in memory before the socket is no longer read. Default 4096. */
    maxQueued?: number
    /** How often the cursor is saved, ms. Default 1000. */
    cursorIntervalMs?: number
    /** Start at the head of the stream instead of the saved cursor. Default false. */
    noReplay?: boolean
    /** First and longest wait between two connections, ms; doubling, with jitter. Default 500 and 30000. */
    reconnectMs?: { first?: number; longest?: number }
  }
  /** DID documents and handles. */
  identity?: {
    /** Identities kept in memory, about 700 bytes each. What counts of them is in the database too. Default 10000. */
    cacheSize?: number
    /** How long one is trusted before a commit of its account has it looked up again, ms (rule D2). Default 86400000. */
    ttlMs?: number
    /** How often one may be asked for anew because of events, ms, after five times at once (rule D5). Default 10000. */
    refreshMs?: number
  }
  /** Finding repos by `track.signal` and `track.network`. */
  discovery?: {
    /** How often the lists are read again from the start, ms (rule F12). Default 3600000. */
    relistMs?: number
    /** How often revs are compared to find quiet repos that fell behind, ms. Default 86400000. */
    reconcileMs?: number
    /** How long a repo may be behind its listed rev before it is fetched again, ms: commits may be on their way. Default 60000. */
    reconcileGraceMs?: number
  }
  /** What to do with messages and records that break a rule. */
  policy?: {
    /** Commits without Sync 1.1 proofs (rule B18). Default `proven`. */
    legacy?: 'proven' | 'resync' | 'reject'
    /**
     * Whom the firehose may speak for (rule G1): `relay` everybody, `pds` the accounts that live there, `auto` asks it
     * which of the two it is. Default `auto`.
     */
    authority?: 'auto' | 'relay' | 'pds'
    /** Records that fail their lexicon (rule H3); per collection with `ns.*` wildcards. Default `dead-letter`. */
    invalid?: InvalidPolicy | Record<string, InvalidPolicy>
    /** Accept blobs of the form before 2023 (`{ cid, mimeType }`). Default true. */
    legacyBlobs?: boolean
  }
  /** Fetching whole repos. */
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
    /**
     * First and longest wait before a repo that could not be fetched is tried again, ms; doubling, with jitter
     * (rule F13). Hosts that fail rest for a twelfth to a sixth of it. Default 60000 and 3600000.
     */
    retryMs?: { first?: number; longest?: number }
    /** Fetches of one repo at once, and then a minute, evenly spaced (rule F9). Default 5. */
    resyncsPerMinute?: number
    /** Live commits of one repo that wait for its fetch; beyond either limit it is fetched anew. Default 10000. */
    bufferFrames?: number
    /** The same in bytes. Default 128 MiB. */
    bufferBytes?: number
    /** How long a repo stays reserved for a process that died, where several share a Postgres, ms. Default 30000. */
    leaseMs?: number
    /** Prove large repos in a thread of their own, beside the handlers. Default true. */
    thread?: boolean
  }
  /** Running your handlers. */
  handling?: {
    /** Attempts before a throwing handler's op becomes a dead letter. Default 3. */
    attempts?: number
    /** Longest time one handler call may take, ms. Default 30000. */
    timeoutMs?: number
  }
  /** Tap's HTTP and WebSocket endpoints, or false for no port at all. Default false. */
  server?:
    | {
        /** Default 2480. */
        port?: number
        /** Address to bind to. Default `127.0.0.1`, with a password `::`, which is every interface. */
        host?: string
        /** Basic auth as `admin:<password>`. Default: none. */
        password?: string
      }
    | false
  /** A port of its own for `/metrics`, or false. Default false. */
  metrics?:
    | {
        /** Default 2481. */
        port?: number
        /** Address to bind to. Default `127.0.0.1`. */
        host?: string
      }
    | false
  /** Tap's event stream, for consumers other than your handlers. */
  delivery?: {
    /**
     * Deliver record and identity events, as Tap does. Default: true when there is a webhook, or a server and
     * no handlers. Events nobody takes fill the outbox, and a full outbox stops the source. What handlers
     * `emit` is delivered in any case.
     */
    records?: boolean
    /** POST every event here instead of serving `/channel`. Default: none. */
    webhook?: string
    /** Attempts before an event becomes a dead letter of the webhook. Default 16, over about half an hour. */
    webhookAttempts?: number
    /** Longest time one webhook request may take, ms. Default 30000. */
    webhookTimeoutMs?: number
    /** Wait for an ack of each event sent on `/channel`. Default true. */
    acks?: boolean
    /** Send an event again when it was not acked for so long, ms. Default 60000. */
    retryTimeoutMs?: number
    /** Webhook requests under way at once. Default 16. */
    concurrency?: number
    /** Undelivered events held before the source is slowed down. Default 100000. */
    capacity?: number
    /** Only deliver what is already waiting: no stream, no backfill, no discovery. Default false. */
    outboxOnly?: boolean
  }
  /** Logs go to stderr. */
  log?: {
    /** Default `info`. */
    level?: LogLevel
    /** Default `pretty` on a terminal, `json` elsewhere. */
    format?: 'pretty' | 'json'
  }
}

/** What `tap(…)` and `jetstream(…)` make. */
export type FeedSource = TapFeed | JetstreamFeed
export interface TapFeed {
  readonly kind: 'tap'
  readonly url: string
  readonly password?: string
}
export interface JetstreamFeed {
  readonly kind: 'jetstream'
  readonly url: string
}

export type InvalidPolicy = 'dead-letter' | 'deliver' | 'skip'
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

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
  /** `sqlite:/absolute/path`, `sqlite::memory:`, `postgres://…`, `pglite:/absolute/dir` or `pglite::memory:`. */
  readonly database: string
  readonly databaseConnections: number
  readonly track: {
    readonly dids: readonly string[]
    readonly signal: readonly string[]
    readonly full: boolean
  }
  /** Null: those with handlers. */
  readonly collections: readonly string[] | null
  readonly records: 'keep' | 'index'
  readonly source:
    | { readonly kind: 'relay' }
    /** `http://` or `https://`, no trailing slash. */
    | { readonly kind: 'tap'; readonly url: string; readonly password: string | null }
    /** `ws://` or `wss://`. */
    | { readonly kind: 'jetstream'; readonly url: string }
  /** `ws://` or `wss://`, no trailing slash. */
  readonly relay: string
  /** `http://` or `https://`, no trailing slash. */
  readonly plc: string
  /** `http(s)://`, no trailing slash. Null repos: each account's own PDS. */
  readonly upstream: { readonly lists: string; readonly repos: string | null }
  readonly stream: {
    readonly concurrency: number
    readonly maxQueued: number
    readonly cursorIntervalMs: number
    readonly noReplay: boolean
    readonly reconnectMs: { readonly first: number; readonly longest: number }
  }
  readonly identity: { readonly cacheSize: number; readonly ttlMs: number; readonly refreshMs: number }
  readonly discovery: {
    readonly relistMs: number
    readonly reconcileMs: number
    readonly reconcileGraceMs: number
  }
  readonly policy: {
    readonly legacy: 'proven' | 'resync' | 'reject'
    readonly authority: 'auto' | 'relay' | 'pds'
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
    readonly retryMs: { readonly first: number; readonly longest: number }
    readonly resyncsPerMinute: number
    readonly bufferFrames: number
    readonly bufferBytes: number
    readonly leaseMs: number
    readonly thread: boolean
  }
  readonly handling: { readonly attempts: number; readonly timeoutMs: number }
  readonly server: { readonly port: number; readonly host: string; readonly password: string | null } | null
  readonly metrics: { readonly port: number; readonly host: string } | null
  readonly delivery: {
    /** Null: decided by whether there are handlers. */
    readonly records: boolean | null
    readonly webhook: string | null
    readonly webhookAttempts: number
    readonly webhookTimeoutMs: number
    readonly acks: boolean
    readonly retryTimeoutMs: number
    readonly concurrency: number
    readonly capacity: number
    readonly outboxOnly: boolean
  }
  readonly log: {
    readonly level: LogLevel
    readonly format: 'pretty' | 'json'
  }
}
