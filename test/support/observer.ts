import pino from 'pino'
import { Metrics } from '../../src/observe/metrics.ts'
import type { Observer } from '../../src/observe/observer.ts'

/** An observer whose log lines can be read back. */
export interface Listener extends Observer {
  readonly lines: Record<string, unknown>[]
  /** Sum of a counter over all labels. */
  counted(name: string): Promise<number>
}

export function listener(): Listener {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const metrics = new Metrics()
  return {
    log,
    metrics,
    lines,
    async counted(name) {
      const metric = await metrics.registry.getSingleMetric(name)?.get()
      return (metric?.values ?? []).reduce((sum, { value }) => sum + value, 0)
    },
  }
}
