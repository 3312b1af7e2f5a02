import type { ReplayJob, ReplayProgress } from '../replay/job.ts'
import { type ReplayStatus, statusOf } from '../replay/replayer.ts'
import { formatCount } from './numbers.ts'

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
    ...(etaMs === null ? [] : [`${duration(etaMs)} left`]),
  ]
  return parts.join(' · ')
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
