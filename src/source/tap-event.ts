import { cidFromString } from '../protocol/cid.ts'
import { isDid, isNsid, isRecordKey, isTid } from '../protocol/syntax.ts'

/** An event of Tap's channel, checked for form. */
export type TapEvent = TapRecordEvent | TapIdentityEvent

export interface TapRecordEvent {
  readonly id: number
  readonly type: 'record'
  readonly did: string
  readonly rev: string
  readonly live: boolean
  readonly collection: string
  readonly rkey: string
  readonly action: 'create' | 'update' | 'delete'
  readonly cid: string | null
  readonly record: unknown
}

export interface TapIdentityEvent {
  readonly id: number
  readonly type: 'identity'
  readonly did: string
  /** Null while Tap has not resolved it. */
  readonly handle: string | null
  readonly active: boolean
  readonly status: string
}

/** What could not be read; with an id it can still be acked. */
export interface Unreadable {
  readonly type: 'unreadable'
  readonly id: number | null
  readonly reason: string
}

type Json = Readonly<Record<string, unknown>>

/** Reads one message of `/channel`. Never throws. */
export function readTapEvent(text: string): TapEvent | Unreadable {
  let id: number | null = null
  const unreadable = (reason: string): Unreadable => ({ type: 'unreadable', id, reason })
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return unreadable('not JSON')
  }
  if (!isObject(message)) return unreadable('not an object')
  if (!Number.isSafeInteger(message.id)) return unreadable('no id')
  id = message.id as number
  if (message.type === 'record' && isObject(message.record))
    return readRecord(id, message.record) ?? unreadable('a malformed record event')
  if (message.type === 'identity' && isObject(message.identity)) {
    return readIdentity(id, message.identity) ?? unreadable('a malformed identity event')
  }
  return unreadable(`an unknown type: ${String(message.type).slice(0, 100)}`)
}

function readRecord(id: number, event: Json): TapRecordEvent | null {
  const { did, rev, collection, rkey, action, live, record } = event
  if (!isAction(action) || typeof live !== 'boolean') return null
  if (!is(did, isDid) || !is(rev, isTid) || !is(collection, isNsid) || !is(rkey, isRecordKey)) return null
  const cid = action === 'delete' ? null : event.cid
  if (cid !== null && !is(cid, isCid)) return null
  return { id, type: 'record', did, rev, live, collection, rkey, action, cid, record }
}

function readIdentity(id: number, event: Json): TapIdentityEvent | null {
  const { did, handle, is_active: active, status } = event
  if (!is(did, isDid) || typeof handle !== 'string' || typeof active !== 'boolean') return null
  if (typeof status !== 'string' || status.length > 100) return null
  return { id, type: 'identity', did, handle: handle === '' ? null : handle, active, status }
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const is = (value: unknown, check: (text: string) => boolean): value is string =>
  typeof value === 'string' && check(value)
export const isAction = (value: unknown): value is 'create' | 'update' | 'delete' =>
  value === 'create' || value === 'update' || value === 'delete'

export function isCid(text: string): boolean {
  try {
    cidFromString(text)
    return true
  } catch {
    return false
  }
}
