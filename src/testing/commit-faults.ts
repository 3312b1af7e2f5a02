import { COMMIT_LIES, type CommitLie, carOf, type Lie } from './commit-lies.ts'
import type { NetworkEvent } from './event.ts'
import type { Fault } from './faults.ts'
import { cidOf } from './ids.ts'
import { SigningKey } from './keys.ts'
import type { SignOptions } from './signed-repo.ts'

/** Events that never leave their host: nobody can get them by a cursor. */
export function loseEvents(kind?: NetworkEvent['kind']): Fault {
  return {
    name: 'lose-event',
    event: (event) => (kind === undefined || event.kind === kind ? [] : undefined),
  }
}

/** Events that are told twice, under two sequence numbers (rules B12, E9). */
export function repeatEvents(kind?: NetworkEvent['kind']): Fault {
  return {
    name: 'repeat-event',
    event: (event) => (kind === undefined || event.kind === kind ? [event, event] : undefined),
  }
}

/** Events of an account that are told after one that came later, rightly numbered (rules B12, B19). */
export function swapEvents(): Fault {
  const held = new Map<string, NetworkEvent>()
  return {
    name: 'swap-event',
    event: (event) => {
      const before = held.get(event.did)
      if (before === undefined) held.set(event.did, event)
      else held.delete(event.did)
      return before === undefined ? [] : [event, before]
    },
  }
}

/** Commits as hosts from before Sync 1.1 send them (rule B18). */
export function legacyCommits(without: 'prevData' | 'prev' | 'both' = 'both'): Fault {
  return commitFault('legacy-commit', (event) => ({
    ...event,
    ...(without === 'prev' ? {} : { prevData: undefined }),
    ...(without === 'prevData' ? {} : { ops: event.ops.map((op) => ({ ...op, prev: undefined })) }),
  }))
}

function commitFault(name: string, lie: Lie): Fault {
  return {
    name,
    event: (event, context) => {
      const told = event.kind === 'commit' ? lie(event, context) : undefined
      return told === undefined ? undefined : [told]
    },
  }
}

/** A commit that lies; the repo at its host is honest, so a resync heals. */
export function lyingCommits(lie: CommitLie): Fault {
  return commitFault(`lie-${lie}`, COMMIT_LIES[lie].lie)
}

/** What a host may get wrong in a `#sync`: no blocks (rule C1), another rev or account (C2), another key (C3). */
export function lyingSyncs(lie: 'no-blocks' | 'rev' | 'did' | 'key' | 'high-s'): Fault {
  return {
    name: `lie-sync-${lie}`,
    event: (event, { repo, random }) => {
      if (event.kind !== 'sync') return undefined
      const signed = (options: SignOptions): NetworkEvent[] => {
        const block = repo.signCommit(repo.data, event.rev, options)
        return [{ ...event, blocks: carOf(cidOf(block), [{ cid: cidOf(block), block }]) }]
      }
      switch (lie) {
        case 'no-blocks':
          return [{ ...event, blocks: new Uint8Array() }]
        case 'rev':
          return [{ ...event, rev: repo.nextTid() }]
        case 'did':
          return signed({ did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' })
        case 'key':
          return signed({ key: new SigningKey(repo.key.curve, random.bytes(32)) })
        case 'high-s':
          return signed({ highS: true })
      }
    },
  }
}
