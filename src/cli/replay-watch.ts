import { UserError } from '../errors.ts'
import type { ReplayProgress, ReplayResult } from '../replay/job.ts'
import { lastReplay, type OpenReplay, openReplay } from '../replay/journal.ts'
import { isLocked } from '../store/lock.ts'
import type { Store } from '../store/store.ts'
import { parseDatabaseUrl } from '../store/url.ts'
import type { ProgressLine } from './progress.ts'
import { replayLine } from './replay-line.ts'
import { onStopSignals } from './stop-signals.ts'

const PACE_MS = 250

/** How long an embedded database may show no progress before its lock is tried, ms. */
const SILENCE_MS = 2000

/** Whether whoever did a replay is gone, as far as one can tell. */
export type IsGone = (progress: ReplayProgress) => boolean | Promise<boolean>

/** On an embedded database: nobody holds its lock. It is tried only where nothing moves. */
export function unlocked(url: string): IsGone {
  const parsed = parseDatabaseUrl(url)
  if (parsed.dialect === 'postgres') throw new RangeError('Postgres has no lock')
  let seen = ''
  let since = Date.now()
  return (progress) => {
    const now = JSON.stringify(progress)
    if (now !== seen) {
      seen = now
      since = Date.now()
    }
    if (Date.now() - since < SILENCE_MS) return false
    since = Date.now()
    return !isLocked(parsed.path)
  }
}

/** Follows a replay that another process does, until it ends or we are told to stop. Null when that process is gone. */
export async function watchReplay(
  store: Store,
  { job }: OpenReplay,
  line: ProgressLine,
  isGone: IsGone,
): Promise<ReplayResult | null> {
  let stopped = false
  const { promise: stop, resolve } = Promise.withResolvers<void>()
  using _ = onStopSignals(() => {
    stopped = true
    resolve()
  })
  while (!stopped) {
    const open = await openReplay(store)
    if (open?.job.id === job.id) {
      line.update(replayLine(open))
      if (await isGone(open.progress)) {
        line.end()
        return null
      }
    } else {
      line.end()
      return ended(await lastReplay(store), job.id)
    }
    await Promise.race([stop, new Promise((done) => setTimeout(done, PACE_MS))])
  }
  line.end()
  throw new UserError('not waiting any more; the process that runs goes on with it: lextap status', {
    code: 'stopping',
  })
}

function ended(last: ReplayResult | null, id: string): ReplayResult {
  if (last?.id === id) return last
  throw new UserError('the replay was replaced by another one: lextap status', { code: 'replay-lost' })
}
