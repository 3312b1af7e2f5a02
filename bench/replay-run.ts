/**
 * One replay in a process of its own: `node replay-run.ts <database URL> <style> <empty|over>`. Stored bodies → decode,
 * validate, handlers, commit, into emptied tables or over the rows that are there. Prints JSON.
 */

import { pathToFileURL } from 'node:url'
import pino from 'pino'
import { Dispatcher } from '../src/dispatch/dispatcher.ts'
import type { HandlerDefinition, RecordSchema } from '../src/dispatch/handler.ts'
import { Registry } from '../src/dispatch/registry.ts'
import { Metrics } from '../src/observe/metrics.ts'
import { workOff } from '../src/replay/replayer.ts'
import { makeJob, submitJob } from '../src/replay/request.ts'
import { openStore } from '../src/store/open.ts'
import { handlersFor, TABLES } from './backfill-app.ts'
import { peakRss } from './peak-rss.ts'

export interface ReplayRun {
  readonly records: number
  /** Wall clock, counting the records included. */
  readonly seconds: number
  readonly peakRss: number
}

async function replay(url: string, style: 'plain' | 'rows' | 'puts', into: string): Promise<ReplayRun> {
  const { schemas } = (await import(pathToFileURL(process.env.BENCH_SCHEMAS ?? '').href)) as {
    schemas: Record<string, RecordSchema>
  }
  const observer = { log: pino({ level: 'warn' }, process.stderr as never), metrics: new Metrics() }
  await using store = await openStore(url, { observer })
  if (into === 'empty')
    for (const [table] of Object.values(TABLES)) await store.db.run(`delete from "${table}"`)
  const definitions = Object.keys(TABLES).map(
    (pattern): HandlerDefinition => ({
      kind: 'record',
      pattern,
      schemas: [],
      handlers: handlersFor(pattern, style),
    }),
  )
  const policy = { invalid: { '*': 'dead-letter' as const }, legacyBlobs: true }
  const registry = new Registry(definitions, { schemas, collections: null })
  await using dispatcher = new Dispatcher({
    ...{ store, observer, registry, policy },
    handling: { attempts: 3, timeoutMs: 30_000 },
    keepBodies: true,
  })
  const begin = performance.now()
  const job = makeJob({ collections: [], dids: [], handlers: [], fresh: null }, registry)
  const open = await submitJob(store, job, { owner: 'bench', restart: false })
  const deps = { store, observer, registry, policy, dispatcher }
  const { done, letters } = await workOff(open, deps, new AbortController().signal, () => {})
  const seconds = (performance.now() - begin) / 1000
  if (letters > 0 || done !== (await store.records.count())) throw new Error('records are missing')
  return { records: done, seconds, peakRss: peakRss() }
}

const [url = '', style = '', into = ''] = process.argv.slice(2)
console.log(JSON.stringify(await replay(url, style as 'plain', into)))
