import type { OutboxEvent } from '../store/outbox.ts'
import { goRecord, goString } from './go-json.ts'

/** A record was created, updated or deleted. */
export interface RecordFacts {
  readonly live: boolean
  readonly did: string
  readonly rev: string
  readonly collection: string
  readonly rkey: string
  readonly action: 'create' | 'update' | 'delete'
  /** JSON form; undefined for a delete and for a block that is no valid data. */
  readonly record?: unknown
  /** Text; absent for a delete. */
  readonly cid?: string
}

/** The statuses Tap and its client know. */
const STATUSES: readonly string[] = ['active', 'takendown', 'suspended', 'deactivated', 'deleted']

/**
 * An event of the wire is `{"id":<id>,` and a body. The id is only known once the row is written, so rows hold
 * bodies. Members stand in the order of Tap's structs.
 */
export const wireEvent = (id: number, body: string): string => `{"id":${id},${body}`

export function recordEvent(facts: RecordFacts): OutboxEvent {
  const { live, did, rev, collection, rkey, action, record, cid } = facts
  const json = record === undefined ? null : goRecord(record)
  let body = `"type":"record","record":{"live":${live},"did":${goString(did)},"rev":${goString(rev)}`
  body += `,"collection":${goString(collection)},"rkey":${goString(rkey)},"action":"${action}"`
  if (json !== null) body += `,"record":${json}`
  if (cid !== undefined) body += `,"cid":"${cid}"`
  return { kind: 'record', did, live, name: `at://${did}/${collection}/${rkey}`, body: `${body}}}` }
}

/**
 * Handle or standing of an account changed. Null where Tap says nothing: an inactive account whose status it
 * does not know.
 */
export function accountEvent(
  did: string,
  handle: string | null,
  active: boolean,
  status: string,
): OutboxEvent | null {
  const known = active ? 'active' : status
  if (!STATUSES.includes(known)) return null
  return identity(did, handle, active, known)
}

export function handleEvent(did: string, handle: string | null, standing: string): OutboxEvent {
  const active = standing === 'active'
  // The client refuses words it does not know and would see the event again and again.
  return identity(did, handle, active, STATUSES.includes(standing) ? standing : 'deactivated')
}

function identity(did: string, handle: string | null, active: boolean, status: string): OutboxEvent {
  // Tap sends an empty handle while it has not resolved one, which its client refuses.
  const name = handle ?? 'handle.invalid'
  const body = `"type":"identity","identity":{"did":${goString(did)},"handle":${goString(name)},"is_active":${active},"status":"${status}"}}`
  return { kind: 'identity', did, live: false, name: did, body }
}
