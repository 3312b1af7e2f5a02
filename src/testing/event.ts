import { CidLinkWrapper, encode, toBytes } from '@atcute/cbor'

/** What a repo tells the world. CIDs are 36 bytes, `time` is ISO 8601. Streams add the `seq`. */
export type NetworkEvent = CommitEvent | SyncEvent | IdentityEvent | AccountEvent

export interface CommitEventOp {
  readonly action: 'create' | 'update' | 'delete'
  readonly path: string
  readonly cid: Uint8Array | null
  /** Left out of the frame when undefined, as creates and legacy hosts do. */
  readonly prev?: Uint8Array | undefined
}

export interface CommitEvent {
  readonly kind: 'commit'
  readonly did: string
  readonly rev: string
  readonly since: string | null
  readonly commit: Uint8Array
  /** CAR with the commit, the covering proof and the new records. */
  readonly blocks: Uint8Array
  readonly ops: readonly CommitEventOp[]
  /** Left out of the frame when undefined: a repo's first commit and legacy hosts. */
  readonly prevData?: Uint8Array | undefined
  readonly time: string
}

export interface SyncEvent {
  readonly kind: 'sync'
  readonly did: string
  readonly rev: string
  /** CAR with the commit alone. */
  readonly blocks: Uint8Array
  readonly time: string
}

export interface IdentityEvent {
  readonly kind: 'identity'
  readonly did: string
  readonly handle?: string | undefined
  readonly time: string
}

export interface AccountEvent {
  readonly kind: 'account'
  readonly did: string
  readonly active: boolean
  readonly status?: string | undefined
  readonly time: string
}

const link = (cid: Uint8Array) => new CidLinkWrapper(cid)

function bodyOf(event: NetworkEvent, seq: number): Record<string, unknown> {
  if (event.kind === 'commit') {
    const { kind, did, ops, blocks, commit, prevData, ...rest } = event
    return {
      ...rest,
      seq,
      repo: did,
      rebase: false,
      tooBig: false,
      blobs: [],
      commit: link(commit),
      blocks: toBytes(blocks),
      ops: ops.map(({ action, path, cid, prev }) => ({
        action,
        path,
        cid: cid === null ? null : link(cid),
        ...(prev === undefined ? {} : { prev: link(prev) }),
      })),
      ...(prevData === undefined ? {} : { prevData: link(prevData) }),
    }
  }
  const { kind, ...rest } = event
  const body: Record<string, unknown> = { ...rest, seq }
  if (event.kind === 'sync') body.blocks = toBytes(event.blocks)
  for (const key of Object.keys(body)) if (body[key] === undefined) delete body[key]
  return body
}

/** The frame of an event as it goes over the wire under `seq`. */
export function frameOf(event: NetworkEvent, seq: number): Uint8Array {
  return Buffer.concat([encode({ op: 1, t: `#${event.kind}` }), encode(bodyOf(event, seq))])
}

export function infoFrame(name: string, message: string): Uint8Array {
  return Buffer.concat([encode({ op: 1, t: '#info' }), encode({ name, message })])
}

export function errorFrame(error: string, message: string): Uint8Array {
  return Buffer.concat([encode({ op: -1 }), encode({ error, message })])
}
