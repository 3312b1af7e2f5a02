import { formatCount, formatDuration } from '../observe/numbers.ts'
import type { TapStatus } from '../tap.ts'
import { waitingText } from './backfill-line.ts'
import { replayText } from './replay-line.ts'

/** The state of a running tap in one line. */
export function statusLine(status: TapStatus): string {
  const { relay, repos, backfill } = status
  const { states } = repos
  const behind = states.pending + states.desynchronized + states.resyncing
  const { left } = backfill
  const lag = relay.lagMs ?? 0
  const eta = left.etaMs === null || left.etaMs === 0 ? [] : [`${formatDuration(left.etaMs)} left`]
  const now = [`${backfill.fetching} now`, ...eta, ...waitingText(left)].join(', ')
  const parts = [
    relay.connected ? (lag < 10_000 ? 'live' : `${formatDuration(lag)} behind`) : 'not connected',
    `cursor ${relay.cursor ?? '-'}${relay.open > 0 ? ` (${formatCount(relay.open)} open)` : ''}`,
    `${formatCount(states.active)} of ${formatCount(repos.total)} repos level`,
    ...(behind > 0 ? [`${formatCount(behind)} to fetch (${now})`] : []),
    ...(states.error > 0 ? [`${formatCount(states.error)} failing`] : []),
    `${formatCount(backfill.records)} records fetched`,
    ...(status.replay === null ? [] : [replayText(status.replay)]),
  ]
  return parts.join(' · ')
}
