import { isDid, isNsid, isRecordKey, isTid } from '../protocol/syntax.ts'
import type { FeedRecord } from '../repo/feed.ts'
import { isAction, isCid } from './tap-event.ts'

/** An event of a Jetstream, checked for form. */
export type JetstreamEvent =
  | { readonly kind: 'commit'; readonly did: string; readonly timeUs: number; readonly record: FeedRecord }
  | { readonly kind: 'identity'; readonly did: string; readonly timeUs: number }
  | {
      readonly kind: 'account'
      readonly did: string
      readonly timeUs: number
      readonly active: boolean
      readonly status: string
    }

export interface UnreadableEvent {
  readonly kind: 'unreadable'
  readonly reason: string
}

type Json = Readonly<Record<string, unknown>>

/** Reads one message of `/subscribe`. Never throws. */
export function readJetstreamEvent(text: string): JetstreamEvent | UnreadableEvent {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return unreadable('not JSON')
  }
  if (!isObject(message)) return unreadable('not an object')
  const { did, time_us: timeUs, kind, commit, account } = message
  if (!is(did, isDid)) return unreadable('no DID')
  if (!Number.isSafeInteger(timeUs) || (timeUs as number) < 1) return unreadable('no time_us')
  const head = { did, timeUs: timeUs as number }
  if (kind === 'identity') return { kind, ...head }
  if (kind === 'commit' && isObject(commit)) {
    const record = readCommit(did, commit)
    return record === null ? unreadable('a malformed commit') : { kind, ...head, record }
  }
  if (kind === 'account' && isObject(account) && typeof account.active === 'boolean') {
    const status = typeof account.status === 'string' ? account.status.slice(0, 100) : 'inactive'
    return { kind, ...head, active: account.active, status }
  }
  return unreadable(`an unknown kind: ${String(kind).slice(0, 100)}`)
}

function readCommit(did: string, commit: Json): FeedRecord | null {
  const { rev, operation: action, collection, rkey, record } = commit
  if (!isAction(action)) return null
  if (!is(rev, isTid) || !is(collection, isNsid) || !is(rkey, isRecordKey)) return null
  const cid = action === 'delete' ? null : commit.cid
  if (cid !== null && !is(cid, isCid)) return null
  return { did, rev, live: true, collection, rkey, action, cid, record }
}

const unreadable = (reason: string): UnreadableEvent => ({ kind: 'unreadable', reason })
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const is = (value: unknown, check: (text: string) => boolean): value is string =>
  typeof value === 'string' && check(value)
