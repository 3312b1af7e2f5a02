import type { RepoRow } from '../store/repo-row.ts'
import type { AccountEvent, IdentityEvent } from './event.ts'

type Row = Pick<RepoRow, 'standing' | 'handle' | 'pds' | 'signingKey'>
const FIELDS = ['handle', 'pds', 'signingKey'] as const

/** A change that was not handled when it happened, as it is to be told now; null when it came to nothing. */
export function accountNow(event: AccountEvent, row: Row): AccountEvent | null {
  if (row.standing === event.from) return null
  return { ...event, status: row.standing, active: row.standing === 'active' }
}

/** As `accountNow`. A key that we forgot in order to ask again is not one that changed. */
export function identityNow(event: IdentityEvent, row: Row): IdentityEvent | null {
  const now = { handle: row.handle, pds: row.pds, signingKey: row.signingKey ?? event.signingKey }
  const changed = changesTo(now, event.changed)
  return Object.keys(changed).length === 0 ? null : { ...event, ...now, changed }
}

/** A change together with an earlier one that nobody handled: whoever hears of the later one hears of both. */
export function withEarlier(event: IdentityEvent, earlier: IdentityEvent): IdentityEvent {
  const changed = changesTo(event, { ...event.changed, ...earlier.changed })
  // What went there and back is still what happened last.
  return { ...event, changed: { ...event.changed, ...changed } }
}

function changesTo(
  now: Pick<IdentityEvent, 'handle' | 'pds' | 'signingKey'>,
  since: IdentityEvent['changed'],
): IdentityEvent['changed'] {
  const changed: { -readonly [F in (typeof FIELDS)[number]]?: { from: string | null; to: string | null } } =
    {}
  for (const field of FIELDS) {
    const from = since[field]?.from
    if (from !== undefined && from !== now[field]) changed[field] = { from, to: now[field] }
  }
  return changed
}
