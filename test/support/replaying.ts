import type { HandlerDefinition } from '../../src/dispatch/handler.ts'
import { Registry } from '../../src/dispatch/registry.ts'
import type { ReplayJob, ReplayProgress, ReplayResult } from '../../src/replay/job.ts'
import { workOff } from '../../src/replay/replayer.ts'
import { makeJob, type ReplayRequest, submitJob } from '../../src/replay/request.ts'
import type { ReplayDeps } from '../../src/replay/run.ts'
import { type Bench, makeDispatcher } from './dispatching.ts'

export const POLICY = { invalid: { '*': 'dead-letter' as const }, legacyBlobs: true }

export function registryOf(definitions: readonly HandlerDefinition[]): Registry {
  const schemas = definitions.flatMap((d) => (d.kind === 'record' ? d.schemas : []))
  return new Registry(definitions, {
    schemas: Object.fromEntries(schemas.map((schema) => [schema.$nsid, schema])),
    collections: null,
  })
}

export const jobOf = (
  definitions: readonly HandlerDefinition[],
  request: Partial<ReplayRequest> = {},
): ReplayJob =>
  makeJob({ collections: [], dids: [], handlers: [], fresh: null, ...request }, registryOf(definitions))

export interface ReplayOptions extends Partial<ReplayRequest> {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ReplayProgress) => void
  readonly deps?: Partial<ReplayDeps>
}

/** Replays with handlers of its own, as a process that was started with them would. */
export async function replayWith(
  bench: Bench,
  definitions: readonly HandlerDefinition[],
  { signal, onProgress, deps, ...request }: ReplayOptions = {},
): Promise<ReplayResult> {
  const { store, observer } = bench
  const open = await submitJob(store, jobOf(definitions, request), { owner: 'test', restart: false })
  await using dispatcher = makeDispatcher(store, definitions, observer, {})
  return await workOff(
    open,
    { store, observer, dispatcher, registry: registryOf(definitions), policy: POLICY, ...deps },
    signal ?? new AbortController().signal,
    onProgress ?? (() => {}),
  )
}
