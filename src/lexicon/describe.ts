import { printChange } from './breaking.ts'
import type { InstallResult } from './install.ts'
import type { CheckResult, ListedLexicon } from './installed.ts'
import { isError, printProblem } from './problem.ts'

/** What the commands print, one line each. */

/** Of `lexicon add` and `lexicon update`: what changed, what that breaks, what was left out. */
export function describeInstall({
  added,
  updated,
  removed,
  unchanged,
  changes,
  notes,
}: InstallResult): string[] {
  const lines = [
    ...added.map((nsid) => `+ ${nsid}`),
    ...updated.map((nsid) => `~ ${nsid}`),
    ...removed.map((nsid) => `- ${nsid}`),
    ...changes.map(printChange),
    ...notes.map(printProblem),
  ]
  const breaking = changes.filter(({ kind }) => kind === 'breaking').length
  const counts = [
    ...(added.length > 0 ? [`${added.length} added`] : []),
    ...(updated.length > 0 ? [`${updated.length} updated`] : []),
    ...(removed.length > 0 ? [`${removed.length} removed`] : []),
    `${unchanged.length} unchanged`,
    ...(breaking > 0 ? [`${breaking} breaking ${breaking === 1 ? 'change' : 'changes'}`] : []),
  ]
  return [...lines, counts.join(', ')]
}

/** Of `lexicon list`: columns of NSID, type, state and origin. */
export function describeList(lexicons: readonly ListedLexicon[]): string[] {
  if (lexicons.length === 0) return ['no lexicons; add one: lextap lexicon add app.bsky.feed.post']
  const width = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length))
  const names = width(lexicons.map(({ nsid }) => nsid))
  const types = width(lexicons.map(({ type }) => type ?? '-'))
  return lexicons.map(({ nsid, type, state, root, uri }) => {
    const origin = uri === null ? '' : `${root ? '' : '(referred to) '}${uri}`
    return `${nsid.padEnd(names)}  ${(type ?? '-').padEnd(types)}  ${state.padEnd(9)}  ${origin}`.trimEnd()
  })
}

/** Of `lexicon check`; `failed` when there is an error, or a change that breaks somebody. */
export function describeCheck({ problems, changes }: CheckResult): { lines: string[]; failed: boolean } {
  const lines = [
    ...problems.map(printProblem),
    ...changes.map((change) => `${WORDS[change.by]} ${printChange(change)}`),
  ]
  const failed = problems.some(isError) || changes.some(({ kind }) => kind === 'breaking')
  return { lines: lines.length === 0 ? ['nothing to report'] : lines, failed }
}

const WORDS = { update: 'an update would bring', publishing: 'publishing would bring' } as const
