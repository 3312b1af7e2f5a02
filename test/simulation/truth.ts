import { cidToString } from '../../src/protocol/cid.ts'
import type { Tap } from '../../src/tap.ts'
import type { Network, TestRepo } from '../../src/testing/index.ts'
import type { Behaviour } from './handlers.ts'

/** Every record version that ever was true: whatever else reaches a handler was not verified. */
export class History {
  readonly #versions = new Map<string, Set<string>>()

  note(repo: TestRepo): void {
    for (const { path, cid } of repo.records()) {
      const uri = `at://${repo.did}/${path}`
      const known = this.#versions.get(uri)
      if (known === undefined) this.#versions.set(uri, new Set([cid]))
      else known.add(cid)
    }
  }

  has(uri: string, cid: string): boolean {
    return this.#versions.get(uri)?.has(cid) ?? false
  }
}

export interface Expectations {
  readonly network: Network
  readonly history: History
  readonly behaviour: Behaviour
  /** Whether the repo must be tracked: null when both are fine. */
  readonly tracked: (repo: TestRepo) => boolean | null
  /** Accounts whose rows an operator took out and put back. */
  readonly touched: ReadonlySet<string>
  /** Accounts that do not exist may have got into the tables: a bit of a DID was flipped. */
  readonly strangers: boolean
}

interface RecRow {
  readonly uri: string
  readonly did: string
  readonly cid: string
  readonly body: string
}
interface SeenRow {
  readonly uri: string
  readonly action: string
  readonly cid: string | null
  readonly source: string
}

/** Everything that is not as it should be, in words. */
export async function problemsOf(tap: Tap, expected: Expectations): Promise<string[]> {
  const rec = (await all(tap, 'rec')) as unknown as RecRow[]
  const seen = (await all(tap, 'seen', 'id')) as unknown as SeenRow[]
  const accounts = (await all(tap, 'account', 'id')) as unknown as AccountRow[]
  const problems = [
    ...(await repoProblems(tap, expected, rec)),
    ...effectProblems(seen, rec, expected),
    ...accountProblems(accounts, expected),
  ]
  const { frames } = await tap.store.buffer.counts()
  if (frames > 0) problems.push(`the resync buffer holds ${frames} frames`)
  const letters = await tap.store.deadLetters.list({ limit: 5 })
  for (const { uri, kind, action, error } of letters)
    problems.push(`dead letter: ${kind} ${action} ${uri} ${error.slice(0, 200)}`)
  const { relay, backfill } = await tap.status()
  if (relay.open > 0) problems.push(`${relay.open} events are open`)
  if (backfill.fetching > 0 || backfill.waiting > 0) problems.push('the scheduler is busy')
  return problems
}

function all(tap: Tap, table: string, order?: string): Promise<Record<string, unknown>[]> {
  const query = tap.store.kysely.selectFrom(table).selectAll()
  return (order === undefined ? query : query.orderBy(order)).execute() as Promise<Record<string, unknown>[]>
}

async function repoProblems(
  tap: Tap,
  { network, history, tracked, strangers }: Expectations,
  rec: readonly RecRow[],
): Promise<string[]> {
  const problems: string[] = []
  const byDid = Map.groupBy(rec, (row) => row.did)
  for (const repo of network.repos) {
    const { did, status } = repo
    const row = await tap.store.repos.get(did)
    const rows = new Map((byDid.get(did) ?? []).map((r) => [r.uri, r]))
    byDid.delete(did)
    const say = (what: string) => problems.push(`${what}; did=${did}; status=${status}`)
    if (status === 'deleted' || row === null) {
      if (status === 'deleted' && row !== null)
        say(`a deleted account has a row; ${row.state} ${row.standing}`)
      if (status === 'active' && tracked(repo) === true) say('not tracked')
      if (rows.size > 0) say(`${rows.size} records of an account that is not tracked`)
      continue
    }
    if (tracked(repo) === false) say('tracked and should not be')
    if (row.standing !== status) say(`standing is ${row.standing}`)
    if (status !== 'active') {
      for (const { uri, cid } of rows.values())
        if (!history.has(uri, cid)) say(`never was true: ${uri} ${cid}`)
      continue
    }
    if (row.state !== 'active') say(`state is ${row.state}; error=${row.error}`)
    if (row.rev !== repo.rev) say(`rev is ${row.rev} and not ${repo.rev}`)
    if (row.data === null || cidToString(row.data) !== cidToString(repo.data)) say('data is another')
    for (const { path, cid, record } of repo.records()) {
      const uri = `at://${did}/${path}`
      const ours = rows.get(uri)
      rows.delete(uri)
      if (ours === undefined) say(`missing ${uri}`)
      else if (ours.cid !== cid) say(`another version of ${uri}`)
      else if (JSON.stringify(sorted(JSON.parse(ours.body))) !== JSON.stringify(sorted(record)))
        say(`another body of ${uri}`)
    }
    for (const uri of rows.keys()) say(`should be gone: ${uri}`)
  }
  for (const did of byDid.keys()) problems.push(`records of a stranger; did=${did}`)
  for (const row of await tap.store.repos.list({ limit: 100_000 })) {
    if (network.repo(row.did) === null && !strangers) problems.push(`a stranger is tracked; did=${row.did}`)
  }
  return problems
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}

/** Each event once: creates of what is not there, updates to another version, deletes of what is there. */
function effectProblems(
  seen: readonly SeenRow[],
  rec: readonly RecRow[],
  { history, behaviour }: Expectations,
): string[] {
  const problems: string[] = []
  const now = new Map<string, string>()
  for (const { uri, action, cid, source } of seen) {
    const before = now.get(uri)
    const excused = behaviour.troubled.has(uri)
    const say = (what: string) => problems.push(`${what}; action=${action}; source=${source}; uri=${uri}`)
    if (action === 'delete') {
      if (before === undefined && !excused) say('deleted what was not there')
      now.delete(uri)
      continue
    }
    if (cid === null || !history.has(uri, cid)) say(`a record that never was; cid=${cid}`)
    if (before === cid && !excused) say('the same version twice')
    if (action === 'create' && before !== undefined && !excused) say('created what was there')
    if (action === 'update' && before === undefined && !excused) say('updated what was not there')
    now.set(uri, cid ?? '')
  }
  for (const { uri, cid } of rec) {
    if (now.get(uri) !== cid) problems.push(`not what the handlers wrote last: ${uri}`)
    now.delete(uri)
  }
  for (const uri of now.keys()) problems.push(`written and lost: ${uri}`)
  return problems
}

interface AccountRow {
  readonly did: string
  readonly standing: string
  readonly was: string
}

/** What was told of an account is a chain: each change starts where the last one ended (E9). */
function accountProblems(rows: readonly AccountRow[], { touched }: Expectations): string[] {
  const problems: string[] = []
  const now = new Map<string, string>()
  for (const { did, standing, was } of rows) {
    const before = now.get(did) ?? 'active'
    if (touched.has(did)) continue
    if (was !== before || was === standing)
      problems.push(`told ${was} → ${standing} after ${before}; did=${did}`)
    // Deleted ones are forgotten; whoever comes back comes as new.
    now.set(did, standing === 'deleted' ? 'active' : standing)
  }
  return problems
}
