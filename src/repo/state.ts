import type { RepoState } from '../store/repo-row.ts'

export type StateEvent = 'claimed' | 'cut-over' | 'failed' | 'interrupted' | 'broken'

/** The drawing of docs/states.md as data. A pair that is not here does not happen. */
export const TRANSITIONS: Record<RepoState, Partial<Record<StateEvent, RepoState>>> = {
  pending: { claimed: 'resyncing' },
  desynchronized: { claimed: 'resyncing' },
  error: { claimed: 'resyncing', broken: 'desynchronized' },
  resyncing: {
    'cut-over': 'active',
    failed: 'error',
    interrupted: 'desynchronized',
    broken: 'desynchronized',
  },
  active: { broken: 'desynchronized' },
}

/** The state after `event`, or undefined where the drawing has no such arrow. */
export function next(state: RepoState, event: StateEvent): RepoState | undefined {
  return TRANSITIONS[state][event]
}
