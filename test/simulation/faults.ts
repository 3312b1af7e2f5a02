import {
  COMMIT_LIES,
  type CommitLie,
  dropFrames,
  duplicateFrames,
  endlessBody,
  errorFrames,
  extraBlocks,
  type Fault,
  failWith,
  flipFrameBits,
  flippedCarBit,
  foreignRepo,
  forgedTree,
  garbageFrames,
  gzipBomb,
  hangUp,
  htmlPage,
  infoFrames,
  legacyCommits,
  lengthenFrames,
  loseEvents,
  lyingCommits,
  lyingSyncs,
  missingBlock,
  type Network,
  oldRevision,
  oversizedFrames,
  type Random,
  rateLimit,
  redirect,
  renumberFrames,
  reorderFrames,
  repeatEvents,
  repeatedBlocks,
  resetConnection,
  rewriteJson,
  shuffledBlocks,
  slowDrip,
  stall,
  stallBody,
  swapEvents,
  type TestRepo,
  textFrames,
  truncateBody,
  truncatedCar,
  truncateFrames,
  unknownFrames,
  type When,
  wrongCommit,
  wrongRoot,
} from '../../src/testing/index.ts'

interface Entry {
  /** `trap` is the URL of a server at a private address. */
  readonly make: (network: Network, random: Random, trap: string) => Fault
  /** Chance to strike, and how often at most. */
  readonly when: (network: Network, random: Random) => When
}

type Catalogue = Record<string, Entry>

const often = (_: Network, random: Random): When => ({
  chance: 0.05 + random.int(90) / 100,
  times: 1 + random.int(40),
})
/** A stream that breaks its rules ends: a few times are enough. */
const rarely = (_: Network, random: Random): When => ({
  host: 'relay',
  after: random.int(30),
  times: 1 + random.int(4),
})
const REPO = 'com.atproto.sync.getRepo'
const LISTS = ['com.atproto.sync.listRepos', 'com.atproto.sync.listReposByCollection']

/** Somewhere over HTTP: repos, the directory, listings, the opening of the stream. */
const anywhere = (network: Network, random: Random): When => {
  const hosts = ['plc', 'relay', ...network.pdses.map((pds) => pds.name)]
  const place = random.pick<When>([
    { route: REPO },
    { route: REPO },
    { host: 'plc' },
    { route: random.pick(LISTS) },
    { route: 'com.atproto.sync.subscribeRepos' },
    { host: random.pick(hosts) },
  ])
  return { ...place, ...often(network, random) }
}
const somebody = (network: Network, random: Random): TestRepo =>
  random.pick(network.repos.filter((repo) => repo.active))
const repoOnly = (network: Network, random: Random): When => ({ route: REPO, ...often(network, random) })

function catalogue<T extends string>(
  prefix: string,
  kinds: readonly T[],
  when: Entry['when'],
  make: (kind: T, network: Network, random: Random) => Fault,
): Catalogue {
  return Object.fromEntries(
    kinds.map((kind) => [
      `${prefix}${kind}`,
      { when, make: (network: Network, random: Random) => make(kind, network, random) },
    ]),
  )
}

/** What a relay or PDS may do to its events before they have a number. */
const EVENTS: Catalogue = {
  ...catalogue('lose-', ['commit', 'sync', 'identity', 'account'], often, (kind) => loseEvents(kind)),
  ...catalogue('repeat-', ['commit', 'sync', 'identity', 'account'], often, (kind) => repeatEvents(kind)),
  'swap-event': { when: often, make: () => swapEvents() },
  ...catalogue('lie-sync-', ['no-blocks', 'rev', 'did', 'key', 'high-s'], often, (lie) => lyingSyncs(lie)),
  // A host from before Sync 1.1, for good.
  'legacy-host': {
    when: (network, random) => ({ host: random.pick(network.pdses).name }),
    make: () => legacyCommits(),
  },
  ...catalogue('legacy-', ['prevData', 'prev', 'both'], often, (what) => legacyCommits(what)),
  ...catalogue('lie-', Object.keys(COMMIT_LIES) as CommitLie[], often, (lie) => lyingCommits(lie)),
}

/** What may happen to frames on their way to us. */
const FRAMES: Catalogue = {
  'drop-frame': { when: often, make: () => dropFrames() },
  'duplicate-frame': { when: rarely, make: () => duplicateFrames() },
  'reorder-frame': { when: rarely, make: () => reorderFrames() },
  'truncate-frame': { when: rarely, make: () => truncateFrames() },
  'lengthen-frame': { when: rarely, make: () => lengthenFrames() },
  'flip-block-bit': { when: often, make: () => flipFrameBits('blocks') },
  'flip-any-bit': { when: rarely, make: () => flipFrameBits('anywhere') },
  'text-frame': { when: rarely, make: () => textFrames() },
  'garbage-frame': { when: rarely, make: () => garbageFrames() },
  'unknown-frame': { when: often, make: () => unknownFrames() },
  'oversized-frame': { when: rarely, make: () => oversizedFrames() },
  'renumber-back': { when: rarely, make: () => renumberFrames((seq) => Math.max(1, seq - 5)) },
  'renumber-zero': { when: rarely, make: () => renumberFrames(() => 0) },
  'renumber-ahead': { when: rarely, make: () => renumberFrames((seq) => seq + 1_000_000) },
  'future-cursor': { when: rarely, make: () => errorFrames('FutureCursor') },
  'too-slow': { when: rarely, make: () => errorFrames('ConsumerTooSlow') },
  'unknown-error': { when: rarely, make: () => errorFrames('SomethingNew') },
  'info-outdated': { when: rarely, make: () => infoFrames('OutdatedCursor') },
  'info-unknown': { when: often, make: () => infoFrames('SomethingNew') },
  'hang-up': { when: rarely, make: () => hangUp() },
}

/** Answers over HTTP. */
const HTTP: Catalogue = {
  ...catalogue('http-', ['500', '502', '503', '400', '404'], anywhere, (status) => failWith(Number(status))),
  ...catalogue('429-', ['none', 'retry-after', 'ratelimit'], anywhere, (headers) => rateLimit({ headers })),
  'html-200': { when: anywhere, make: () => htmlPage(200) },
  'html-502': { when: anywhere, make: () => htmlPage(502) },
  stall: { when: anywhere, make: () => stall() },
  'stall-body': { when: anywhere, make: (_, random) => stallBody(random.int(3000)) },
  'slow-drip': {
    when: anywhere,
    make: (_, random) => slowDrip({ bytes: 200 + random.int(2000), everyMs: 1 + random.int(20) }),
  },
  'reset-at-once': { when: anywhere, make: () => resetConnection() },
  'reset-body': { when: anywhere, make: (_, random) => resetConnection(random.int(5000)) },
  'truncate-body': { when: anywhere, make: (_, random) => truncateBody(random.int(5000)) },
  'redirect-loop': { when: anywhere, make: () => redirect() },
  'redirect-nowhere': { when: anywhere, make: () => redirect('http://127.0.0.1:1/') },
  'redirect-private': {
    when: anywhere,
    make: (_, random, trap) => redirect(trap, random.pick([301, 302, 307, 308])),
  },
  'redirect-scheme': { when: anywhere, make: () => redirect('file:///etc/passwd') },
  ...catalogue(
    'host-says-',
    ['RepoTakendown', 'RepoSuspended', 'RepoDeactivated', 'RepoNotFound'],
    repoOnly,
    (error) => failWith(400, error),
  ),
  'gzip-bomb': { when: repoOnly, make: () => gzipBomb(1 << 26) },
  'endless-body': { when: repoOnly, make: () => endlessBody() },
  'endless-list': {
    when: (_, random) => ({ route: random.pick(LISTS), times: 20 }),
    make: () => rewriteJson('endless-list', (body: object) => ({ ...body, cursor: '0' })),
  },
  'nonsense-list': {
    when: (_, random) => ({ route: random.pick(LISTS), times: 20 }),
    make: () =>
      rewriteJson('nonsense-list', () => ({ repos: [null, 7, { did: 'x' }, { did: 'did:plc:', rev: 1 }] })),
  },
}

/** Repos that are not what they should be. */
const CARS: Catalogue = {
  ...catalogue('car-missing-', ['record', 'node', 'commit'], repoOnly, (kind) => missingBlock(kind)),
  ...catalogue('car-root-', ['none', 'absent', 'node'], repoOnly, (root) => wrongRoot(root)),
  ...catalogue(
    'car-commit-',
    ['key', 'high-s', 'signature', 'did', 'version', 'future-rev'],
    repoOnly,
    (wrong) => wrongCommit(wrong),
  ),
  ...catalogue(
    'car-tree-',
    ['wrong-depth', 'unordered-keys', 'repeated-key', 'lazy-prefix', 'bad-path'],
    repoOnly,
    (forgery) => forgedTree(forgery),
  ),
  'car-extra': { when: repoOnly, make: () => extraBlocks() },
  'car-shuffled': { when: repoOnly, make: () => shuffledBlocks() },
  'car-repeated': { when: repoOnly, make: () => repeatedBlocks() },
  'car-truncated': { when: repoOnly, make: () => truncatedCar() },
  'car-flipped': { when: repoOnly, make: () => flippedCarBit() },
  'car-foreign': { when: repoOnly, make: (network, random) => foreignRepo(somebody(network, random)) },
  'car-old': { when: repoOnly, make: (network, random) => oldRevision(somebody(network, random)) },
}

/** Every fault of the network by name. */
export const FAULTS: Readonly<Catalogue> = { ...EVENTS, ...FRAMES, ...HTTP, ...CARS }
/** Groups, so that each kind comes as often as the others however many faults it has. */
export const GROUPS: readonly (readonly string[])[] = [EVENTS, FRAMES, HTTP, CARS].map((group) =>
  Object.keys(group),
)
