import type { BulkUpdate, Param } from './database.ts'
import type { RepoGuard, RepoPatch, RepoRow } from './repo-row.ts'

/** A row as the database spells it. */
export interface RawRepo {
  id: number
  did: string
  state: RepoRow['state']
  standing: string
  handle: string | null
  pds: string | null
  signing_key: string | null
  rev: string | null
  data: Uint8Array | null
  run: number
  error: string | null
  retry_count: number
  retry_at: number | null
  removal: RepoRow['removal']
  account_seq: number | null
  identified_at: number | null
}

export const REPO_COLUMNS =
  'id, did, state, standing, handle, pds, signing_key, rev, data, run, error, retry_count, retry_at, removal, account_seq, identified_at'

export function toRepoRow(raw: RawRepo): RepoRow {
  return {
    id: raw.id,
    did: raw.did,
    state: raw.state,
    standing: raw.standing,
    handle: raw.handle,
    pds: raw.pds,
    signingKey: raw.signing_key,
    rev: raw.rev,
    // A view of its own: pg hands out slices of its receive buffer, which a cached row would keep alive.
    data: raw.data === null ? null : new Uint8Array(raw.data),
    run: raw.run,
    error: raw.error,
    retryCount: raw.retry_count,
    retryAt: raw.retry_at,
    removal: raw.removal,
    accountSeq: raw.account_seq,
    identifiedAt: raw.identified_at,
  }
}

const COLUMN_OF: Record<keyof RepoPatch, string> = {
  state: 'state',
  standing: 'standing',
  handle: 'handle',
  pds: 'pds',
  signingKey: 'signing_key',
  rev: 'rev',
  data: 'data',
  error: 'error',
  retryCount: 'retry_count',
  retryAt: 'retry_at',
  removal: 'removal',
  accountSeq: 'account_seq',
  identifiedAt: 'identified_at',
}

/** `update … set … where id = … and <guard>`; null when the patch changes nothing. */
export function patchStatement(
  id: number,
  patch: RepoPatch,
  guard: RepoGuard,
): { text: string; params: Param[] } | null {
  const params: Param[] = [id]
  const set: string[] = []
  for (const [field, value] of Object.entries(patch)) {
    if (value === undefined) continue
    params.push(value)
    set.push(`${COLUMN_OF[field as keyof RepoPatch]} = $${params.length}`)
  }
  if (set.length === 0) return null
  const where = ['id = $1']
  for (const column of ['rev', 'run', 'state'] as const) {
    const value = guard[column]
    if (value === undefined) continue
    if (value === null) where.push(`${column} is null`)
    else where.push(`${column} = $${params.push(value)}`)
  }
  if (guard.leaving === true) where.push("(removal is not null or standing = 'deleted')")
  return { text: `update lextap_repo set ${set.join(', ')} where ${where.join(' and ')}`, params }
}

export function applyPatch(row: RepoRow, patch: RepoPatch): RepoRow {
  const next: Record<string, unknown> = { ...row }
  for (const [field, value] of Object.entries(patch)) if (value !== undefined) next[field] = value
  return next as unknown as RepoRow
}

export function guardHolds(row: RepoRow, guard: RepoGuard): boolean {
  return (
    (guard.rev === undefined || guard.rev === row.rev) &&
    (guard.run === undefined || guard.run === row.run) &&
    (guard.state === undefined || guard.state === row.state) &&
    (guard.leaving === undefined || row.removal !== null || row.standing === 'deleted')
  )
}

/** Writes back whole rows. */
export const WRITE_REPOS: BulkUpdate = {
  table: 'lextap_repo',
  keys: { id: 'int' },
  columns: {
    state: 'text',
    standing: 'text',
    handle: 'text',
    pds: 'text',
    signing_key: 'text',
    rev: 'text',
    data: 'bytes',
    run: 'int',
    error: 'text',
    retry_count: 'int',
    retry_at: 'big',
    removal: 'text',
    account_seq: 'big',
    identified_at: 'big',
  },
}

/** Writes back where repos stand alone, which is all that most commits change. */
export const WRITE_HEADS: BulkUpdate = {
  table: 'lextap_repo',
  keys: { id: 'int' },
  columns: { rev: 'text', data: 'bytes' },
}

export const headValues = ({ id, rev, data }: RepoRow): Param[] => [id, rev, data]

/** Whether a patch changes nothing but the head. */
export const isHead = (patch: RepoPatch): boolean =>
  Object.keys(patch).every((field) => field === 'rev' || field === 'data')

export function repoValues(row: RepoRow): Param[] {
  return [
    row.id,
    row.state,
    row.standing,
    row.handle,
    row.pds,
    row.signingKey,
    row.rev,
    row.data,
    row.run,
    row.error,
    row.retryCount,
    row.retryAt,
    row.removal,
    row.accountSeq,
    row.identifiedAt,
  ]
}
