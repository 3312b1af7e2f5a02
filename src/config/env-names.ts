/** How the text of a variable becomes the value of an option; throws what is allowed instead. */
export type Parse = (text: string) => unknown

/** One environment name and the options it sets. `aliases` are read where the first name is absent. */
export interface EnvName {
  readonly name: string
  readonly aliases?: readonly string[]
  /** What it may be, in words. */
  readonly allowed: string
  /** Options and their values; an undefined value takes the option back to its default. */
  readonly set: (text: string) => readonly (readonly [option: string, value: unknown])[]
  /** Options it sets, for the reference page. */
  readonly options: readonly string[]
  /** Where it differs from Tap, or nothing. */
  readonly note?: string
}

const plain: Parse = (text) => text
const list: Parse = (text) =>
  text
    .split(',')
    .map((s) => s.trim())
    .filter((s) => s !== '')

const flag: Parse = (text) => {
  // What Go's strconv.ParseBool takes, as Tap does.
  if (/^(1|t|true)$/i.test(text)) return true
  if (/^(0|f|false)$/i.test(text)) return false
  throw new TypeError('not a flag')
}

/** With the underscores that Go allows between digits. */
const integer: Parse = (text) => {
  const digits = text.replaceAll(/(?<=\d)_(?=\d)/g, '')
  if (!/^[+-]?\d{1,15}$/.test(digits)) throw new TypeError('not a whole number')
  return Number(digits)
}

const UNITS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** A Go duration (`1m30s`, `500ms`) as whole milliseconds. */
const duration: Parse = (text) => {
  if (text === '0') return 0
  if (!/^(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(text)) throw new TypeError('not a duration')
  let total = 0
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(number) * (UNITS[unit ?? ''] ?? 0)
  }
  return Math.round(total)
}

/** `:2480` every interface, `127.0.0.1:2480`, `[::1]:2480`. */
function address(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]*)):(\d{1,5})$/i.exec(text)
  if (match === null) throw new TypeError('not an address')
  const host = match[1] ?? match[2]
  return { host: host === undefined || host === '' ? '::' : host, port: Number(match[3]) }
}

function one(option: string, parse: Parse): Pick<EnvName, 'set' | 'options'> {
  return { options: [option], set: (text) => [[option, parse(text)]] }
}

const FLAG = 'true or false'
const COUNT = 'a whole number'
const TIME = 'a duration such as 500ms, 60s or 5m'
const ADDRESS = 'an address such as :2480 or 127.0.0.1:2480'

/** Every name Tap reads (its README and its command line), and what it means to us. */
export const ENV_NAMES: readonly EnvName[] = [
  {
    name: 'TAP_DATABASE_URL',
    allowed: 'sqlite://<file> or postgres://user@host/name',
    ...one('database', plain),
    note: "Tap's tables are not read: everything is fetched anew, into tables beside them.",
  },
  { name: 'TAP_MAX_DB_CONNS', allowed: COUNT, ...one('databaseConnections', integer) },
  {
    name: 'TAP_BIND',
    allowed: ADDRESS,
    options: ['server.host', 'server.port'],
    set: (text) => Object.entries(address(text)).map(([key, value]) => [`server.${key}`, value]),
    note: 'Setting it switches the server on.',
  },
  {
    name: 'TAP_PLC_URL',
    aliases: ['ATP_PLC_HOST'],
    allowed: 'an http:// or https:// URL',
    ...one('plc', plain),
  },
  { name: 'TAP_RELAY_URL', allowed: 'an http:// or https:// URL', ...one('relay', plain) },
  { name: 'TAP_FIREHOSE_PARALLELISM', allowed: COUNT, ...one('stream.concurrency', integer) },
  { name: 'TAP_RESYNC_PARALLELISM', allowed: COUNT, ...one('backfill.concurrency', integer) },
  { name: 'TAP_OUTBOX_PARALLELISM', allowed: COUNT, ...one('delivery.concurrency', integer) },
  { name: 'TAP_CURSOR_SAVE_INTERVAL', allowed: TIME, ...one('stream.cursorIntervalMs', duration) },
  {
    name: 'TAP_REPO_FETCH_TIMEOUT',
    allowed: TIME,
    ...one('backfill.stallMs', duration),
    note: 'Tap limits the whole fetch, lextap the time without progress.',
  },
  {
    name: 'TAP_IDENT_CACHE_SIZE',
    aliases: ['RELAY_IDENT_CACHE_SIZE'],
    allowed: COUNT,
    ...one('identity.cacheSize', integer),
  },
  { name: 'TAP_OUTBOX_CAPACITY', allowed: COUNT, ...one('delivery.capacity', integer) },
  {
    name: 'TAP_FULL_NETWORK',
    allowed: FLAG,
    options: ['track.network'],
    set: (text) => [['track.network', flag(text) === true ? 'full' : undefined]],
  },
  {
    name: 'TAP_SIGNAL_COLLECTION',
    allowed: 'an NSID, or several parted by commas',
    ...one('track.signal', list),
    note: 'Tap takes one, lextap any number, patterns too.',
  },
  {
    name: 'TAP_COLLECTION_FILTERS',
    allowed: 'NSIDs and patterns parted by commas',
    ...one('collections', list),
  },
  {
    name: 'TAP_DISABLE_ACKS',
    allowed: FLAG,
    options: ['delivery.acks'],
    set: (text) => [['delivery.acks', flag(text) !== true]],
  },
  { name: 'TAP_WEBHOOK_URL', allowed: 'an http:// or https:// URL', ...one('delivery.webhook', plain) },
  { name: 'TAP_OUTBOX_ONLY', allowed: FLAG, ...one('delivery.outboxOnly', flag) },
  {
    name: 'TAP_ADMIN_PASSWORD',
    allowed: 'a password',
    ...one('server.password', plain),
    note: 'Setting it switches the server on.',
  },
  { name: 'TAP_RETRY_TIMEOUT', allowed: TIME, ...one('delivery.retryTimeoutMs', duration) },
  {
    name: 'TAP_LOG_LEVEL',
    aliases: ['LOG_LEVEL'],
    allowed: 'trace, debug, info, warn, error or silent',
    ...one('log.level', (text) => text.toLowerCase()),
  },
  {
    name: 'TAP_METRICS_LISTEN',
    allowed: ADDRESS,
    options: ['metrics.host', 'metrics.port'],
    set: (text) => Object.entries(address(text)).map(([key, value]) => [`metrics.${key}`, value]),
  },
  { name: 'TAP_NO_REPLAY', allowed: FLAG, ...one('stream.noReplay', flag) },
  {
    name: 'TAP_ENV',
    allowed: 'any text',
    options: [],
    set: () => [],
    note: "Read and ignored: it names the environment in Tap's traces.",
  },
]

/** Names with our prefix that are read elsewhere: the benchmark's Tap, the client's address of a Tap. */
export const OTHER_TAP_NAMES: readonly string[] = ['TAP_BIN', 'TAP_URL']
