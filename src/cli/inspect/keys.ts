import { InvalidError, UserError } from '../../errors.ts'
import { readDidDocument } from '../../protocol/did-document.ts'
import { IdentityError, type IdentityResolver, workingIdentity } from '../../protocol/identity.ts'
import { didKeyOf } from '../../protocol/key.ts'
import { readJson } from './files.ts'

/** Whose key signs for an account, as did:key; see `JudgeOptions`. */
export type KeyOf = (did: string, fresh: boolean) => Promise<string | 'unchecked'>

/** Nobody can say: everything but the signatures is checked. */
export const unchecked: KeyOf = async () => 'unchecked'

/** Keys from a file that holds one object, DID → DID document (null for a tombstone). */
export async function keysOfDocuments(path: string): Promise<KeyOf> {
  const documents = await readJson(path)
  if (typeof documents !== 'object' || documents === null || Array.isArray(documents)) {
    throw new UserError(`${path} must hold one object: DID → DID document`, { code: 'input' })
  }
  return async (did) => {
    const value = Object.hasOwn(documents, did) ? (documents as Record<string, unknown>)[did] : undefined
    if (value === undefined) throw new InvalidError('B11', `no did document is given; did=${did}`)
    return keyOfDocument(did, value)
  }
}

/** The key of one document; throws InvalidError B11 when it is not of use. */
export function keyOfDocument(did: string, value: unknown): string {
  const document = value === null ? null : readDidDocument(did, value)
  if (value !== null && document === null)
    throw new InvalidError('B11', `the did document is malformed or another's; did=${did}`)
  const key = document?.key ?? null
  return workingIdentity({
    did,
    handle: null,
    claimedHandle: document?.claimedHandle ?? null,
    pds: document?.pds ?? null,
    signingKey: key === null ? null : didKeyOf(key.type, key.multibase),
    tombstoned: document === null,
  }).signingKey
}

/** Keys as the network knows them now. */
export function keysOfNetwork(identity: IdentityResolver): KeyOf {
  return async (did, fresh) => {
    try {
      return workingIdentity(await identity.resolve(did, { force: fresh, handle: false })).signingKey
    } catch (error) {
      if (error instanceof IdentityError && !error.retry) throw new InvalidError('B11', error.message)
      throw error
    }
  }
}

/** Said on stderr, so that nobody takes a verdict for more than it is. */
export function notChecked(option: string): void {
  process.stderr.write(`signatures are not checked: say ${option} or --resolve\n`)
}
