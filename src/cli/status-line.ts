import type { TapStatus } from '../tap.ts'

const number = new Intl.NumberFormat('en')
const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

/** `1,234` */
export const formatCount = (count: number): string => number.format(count)

/** `3.4 MB` */
export function formatBytes(bytes: number): string {
  let unit = 0
  let size = bytes
  for (; size >= 1000 && unit < UNITS.length - 1; unit++) size /= 1000
  return `${unit === 0 ? size : size.toFixed(1)} ${UNITS[unit]}`
}

/** The state of a running tap in one line. */
export function statusLine(status: TapStatus): string {
  const { relay, repos, backfill } = status
  const { states } = repos
  const behind = states.pending + states.desynchronized + states.resyncing
  const parts = [
    relay.connected ? 'live' : 'not connected',
    `cursor ${relay.cursor ?? '-'}${relay.open > 0 ? ` (${formatCount(relay.open)} open)` : ''}`,
    `${formatCount(states.active)} of ${formatCount(repos.total)} repos level`,
    ...(behind > 0 ? [`${formatCount(behind)} to fetch (${backfill.fetching} now)`] : []),
    ...(states.error > 0 ? [`${formatCount(states.error)} failing`] : []),
    `${formatCount(backfill.records)} records fetched`,
  ]
  return parts.join(' · ')
}
