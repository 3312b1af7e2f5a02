import type { Estimate, SchedulerProgress } from '../backfill/progress.ts'
import { formatCount, formatDuration } from '../observe/numbers.ts'

/** How far fetching has come, in one line. */
export function backfillText({ left, ...progress }: SchedulerProgress & { readonly left: Estimate }): string {
  const { perSecond, fetching, idle } = progress
  if (left.repos === 0) return ['nothing to fetch', ...failingText(left)].join(' now · ')
  const parts = [
    `${formatCount(left.repos)} to fetch (${formatCount(fetching - idle)} now)`,
    ...(perSecond !== null && perSecond.repos > 0
      ? [
          `${formatCount(Math.round(perSecond.records))} records/s`,
          `${perSecond.repos < 10 ? perSecond.repos.toFixed(1) : formatCount(Math.round(perSecond.repos))} repos/s`,
        ]
      : []),
    ...(left.etaMs === null ? [] : [`${formatDuration(left.etaMs)} left`]),
    ...waitingText(left),
    ...failingText(left),
  ]
  return parts.join(' · ')
}

const failingText = ({ failing }: Estimate): string[] =>
  failing === 0
    ? []
    : [`${formatCount(failing)} failed and ${failing === 1 ? 'waits' : 'wait'} to be tried again`]

/** Whom what is left waits for, if anybody. */
export function waitingText({ waiting: { repos, hosts } }: Estimate): string[] {
  if (repos === 0) return []
  const whom = hosts === 0 ? 'their time' : hosts === 1 ? 'one host' : `${formatCount(hosts)} hosts`
  return [`${formatCount(repos)} waiting for ${whom}`]
}
