import { UserError } from '../errors.ts'
import { isDid } from '../protocol/syntax.ts'

/** The DIDs of a command line; all wrong ones are named at once. */
export function checkDids(dids: readonly string[]): string[] {
  const wrong = dids.filter((did) => !isDid(did))
  if (wrong.length === 0) return [...new Set(dids)]
  const what = wrong.length === 1 ? 'is not a DID' : 'are not DIDs'
  throw new UserError(
    `${wrong.join(', ')} ${what}; a DID looks like did:plc:ewvi7nxzyoun6zhxrhs64oiz or did:web:example.com`,
    {
      code: 'not-a-did',
    },
  )
}
