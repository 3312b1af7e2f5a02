import { TemporaryError, UserError } from '../../errors.ts'
import { type Identity, IdentityError, workingIdentity } from '../../protocol/identity.ts'
import { isDid, isHandle } from '../../protocol/syntax.ts'
import { accountErrorOf, XrpcError } from '../../protocol/xrpc-error.ts'
import { judgeCar } from '../../repo/judge-car.ts'
import { printLine } from '../print.ts'
import { type InspectNetwork, type NetworkFlags, openNetwork } from './network.ts'
import { printRepo } from './report-repo.ts'

interface DidFlags extends NetworkFlags {
  readonly repo?: true
  readonly json?: true
}

/** What the account's host says of its repo; null where it says nothing. */
interface HostSays {
  readonly active: boolean | null
  readonly status: string | null
  readonly rev: string | null
  readonly error: string | null
}

/** Longest time without a byte of a repo, ms. */
const STALL_MS = 60_000

/** `lextap inspect did`: exit code 1 when the account cannot be indexed, 75 when that cannot be said now. */
export async function inspectDid(subject: string, flags: DidFlags): Promise<void> {
  await using network = openNetwork(flags)
  const did = await didOf(subject, network)
  const identity = await resolve(did, network)
  const problem = problemOf(identity)
  const host = identity.pds === null ? null : await askHost(did, identity.pds, network)
  const { handle, claimedHandle, pds, signingKey, tombstoned } = identity
  const facts = { did, handle, claimedHandle, pds, signingKey, tombstoned, host, problem }
  if (problem !== null) process.exitCode = 1
  if (flags.json) printLine(JSON.stringify(facts))
  else {
    const { host: _, ...own } = facts
    const said = host === null ? {} : { active: host.active, status: host.status, rev: host.rev }
    const lines = { ...own, ...said, ...(host?.error == null ? {} : { error: host.error }) }
    for (const [name, value] of Object.entries(lines)) printLine(`${name.padEnd(13)} ${value ?? '-'}`)
  }
  if (flags.repo && pds !== null && signingKey !== null)
    await inspectRepo(did, { pds, signingKey }, network, flags)
}

async function didOf(subject: string, network: InspectNetwork): Promise<string> {
  if (isDid(subject)) return subject
  const name = subject.replace(/^@/, '').toLowerCase()
  if (!isHandle(name)) throw new UserError(`neither a DID nor a handle: ${subject}`, { code: 'not-a-did' })
  const did = await network.didOf(name).catch((cause: unknown) => {
    throw new TemporaryError(`the handle cannot be resolved now: ${(cause as Error).message}`, { cause })
  })
  if (did === null) throw new UserError(`the handle ${name} points to no DID`, { code: 'not-found' })
  return did
}

async function resolve(did: string, network: InspectNetwork): Promise<Identity> {
  try {
    return await network.identity.resolve(did)
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error
    throw error.retry
      ? new TemporaryError(error.message, { cause: error })
      : new UserError(error.message, { code: error.code, cause: error })
  }
}

/** B11: why nothing of this account can be verified; null when it can. */
function problemOf(identity: Identity): string | null {
  try {
    workingIdentity(identity)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

async function askHost(did: string, pds: string, { xrpc }: InspectNetwork): Promise<HostSays> {
  const nothing = { active: null, status: null, rev: null }
  try {
    const body = await xrpc.json<Record<string, unknown> | null>(
      pds,
      'com.atproto.sync.getRepoStatus',
      { did },
      {},
    )
    const text = (value: unknown) => (typeof value === 'string' ? value : null)
    const active = typeof body?.active === 'boolean' ? body.active : null
    return { active, status: text(body?.status), rev: text(body?.rev), error: null }
  } catch (error) {
    if (!(error instanceof XrpcError)) throw error
    return { ...nothing, status: accountErrorOf(error), error: error.message }
  }
}

async function inspectRepo(
  did: string,
  { pds, signingKey }: { pds: string; signingKey: string },
  { xrpc }: InspectNetwork,
  flags: DidFlags,
): Promise<void> {
  const bounds = { signal: AbortSignal.timeout(24 * 3_600_000), maxBytes: 2 ** 32, stallMs: STALL_MS }
  const { body } = await xrpc.stream(pds, 'com.atproto.sync.getRepo', { did }, bounds)
  const judgement = await judgeCar(body, { did, keyOf: async () => signingKey, onRecord: () => {} })
  printRepo(judgement, flags)
}
