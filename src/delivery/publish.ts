import type { Publisher } from '../dispatch/publish.ts'
import { InvalidError } from '../errors.ts'
import { decodeJson } from '../protocol/cbor.ts'
import { cidToString } from '../protocol/cid.ts'
import { accountEvent, handleEvent, recordEvent } from './wire-event.ts'

/** Tap's events of what the dispatcher commits. */
export const publisher: Publisher = {
  record({ cid, body, ...facts }) {
    if (cid === null) return recordEvent(facts)
    return recordEvent({ ...facts, cid: cidToString(cid), record: body === null ? undefined : decode(body) })
  },

  identity({ did, handle, changed }, standing) {
    return changed.handle === undefined ? null : handleEvent(did, handle, standing)
  },

  account({ did, active, status }, handle) {
    return accountEvent(did, handle, active, status)
  },
}

/** Undefined for a block that is no valid data: such a record is told without its content. */
function decode(body: Uint8Array): unknown {
  try {
    return decodeJson(body)
  } catch (error) {
    if (error instanceof InvalidError) return undefined
    throw error
  }
}
