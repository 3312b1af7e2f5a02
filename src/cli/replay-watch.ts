import { UserError } from '../errors.ts'
import type { ReplayResult } from '../replay/job.ts'
import { lastReplay, type OpenReplay, openReplay } from '../replay/journal.ts'
import type { Store } from '../store/store.ts'
import type { ProgressLine } from './progress.ts'
import { replayLine } from './replay-line.ts'
import { onStopSignals } from './stop-signals.ts'

const PACE_MS = 250

/**
 * Follows a replay that another process does, until it ends or we are told to stop. Null when that process gave no
 * sign of life for too long and `heir` says that we would go on with it.
 */
export async function watchReplay(
  store: Store,
  { job }: OpenReplay,
  line: ProgressLine,
  heir: boolean,
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
      if (heir && open.progress.lease <= Date.now()) return null
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
