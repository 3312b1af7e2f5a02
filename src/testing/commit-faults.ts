import { COMMIT_LIES, type CommitLie, type Lie } from './commit-lies.ts'
import type { NetworkEvent } from './event.ts'
import type { Fault } from './faults.ts'

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
