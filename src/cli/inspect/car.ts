import { UserError } from '../../errors.ts'
import { readDidDocument } from '../../protocol/did-document.ts'
import { judgeCar } from '../../repo/judge-car.ts'
import { readBytes, readJson } from './files.ts'
import { type KeyOf, keyOfDocument, keysOfNetwork, notChecked, unchecked } from './keys.ts'
import { type NetworkFlags, openNetwork } from './network.ts'
import { printRepo, recordPrinter } from './report-repo.ts'

export interface CarFlags extends NetworkFlags {
  readonly didDoc?: string
  readonly resolve?: true
  readonly records?: true
  readonly json?: true
}

/** `lextap inspect car` */
export async function inspectCar(file: string, flags: CarFlags): Promise<void> {
  await using network = openNetwork(flags)
  const document = flags.didDoc === undefined ? undefined : await readJson(flags.didDoc)
  const did = document === undefined ? null : idOf(document, flags.didDoc ?? '')
  const keyOf: KeyOf =
    did !== null
      ? async () => keyOfDocument(did, document)
      : flags.resolve
        ? keysOfNetwork(network.identity)
        : unchecked
  if (keyOf === unchecked) notChecked('--did-doc <file>')
  printRepo(
    await judgeCar(readBytes(file), {
      did,
      keyOf: (of) => keyOf(of, false),
      onRecord: recordPrinter(flags),
    }),
    flags,
  )
}

function idOf(document: unknown, file: string): string {
  const { id } = (document ?? {}) as { id?: unknown }
  if (typeof id === 'string' && readDidDocument(id, document) !== null) return id
  throw new UserError(`${file} is not a DID document`, { code: 'input' })
}
