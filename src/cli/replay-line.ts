import { formatCount, formatDuration } from '../observe/numbers.ts'
import type { ReplayJob, ReplayProgress } from '../replay/job.ts'
import { type ReplayStatus, statusOf } from '../replay/replayer.ts'

/** How far a replay has come, in one line. */
export function replayLine(open: { job: ReplayJob; progress: ReplayProgress }): string {
  return replayText(statusOf(open))
}

export function replayText({ phase, done, total, letters, etaMs }: ReplayStatus): string {
  const of = total === null ? 'counting' : `${formatCount(done)} of ${formatCount(total)} records`
  const parts = [
    phase === 'accounts' ? 'accounts first' : `replaying: ${of}`,
    ...(total !== null && total > 0 ? [`${Math.min(100, Math.floor((done / total) * 100))} %`] : []),
    ...(letters > 0 ? [`${formatCount(letters)} dead letters`] : []),
    ...(etaMs === null ? [] : [`${formatDuration(etaMs)} left`]),
  ]
  return parts.join(' · ')
}
