import { Hono } from 'hono'
import type { Observer } from '../observe/observer.ts'
import { json } from './errors.ts'
import { expensive } from './expensive.ts'
import type { Health } from './health.ts'
import type { ServerPorts, ServerStore } from './ports.ts'

/** Tap's `/health` and `/stats/…`, and our `/ready`, `/status` and `/metrics`. */
export function statsRoutes(
  ports: ServerPorts,
  store: ServerStore,
  observer: Observer,
  health: Health | null,
): Hono {
  const app = new Hono()
  app.get('/health', (c) => {
    const verdict = health?.check() ?? { ok: true, waitingFor: null }
    if (!verdict.ok) return json(c, { status: 'stuck', message: verdict.reason }, 503)
    return json(
      c,
      verdict.waitingFor === null ? { status: 'ok' } : { status: 'ok', waiting_for: verdict.waitingFor },
    )
  })
  app.get('/ready', async (c) => {
    const answer = await ports.ready()
    return json(c, answer, answer.ready ? 200 : 503)
  })
  app.get('/status', async (c) => json(c, await ports.status()))
  const { metrics } = observer
  app.get('/metrics', async (c) =>
    c.body(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }),
  )

  const repos = expensive(async () => (await store.repos.counts()).total)
  const records = expensive(() => store.records.count())
  const outbox = expensive(() => store.outbox.count())
  const resync = expensive(async () => (await store.buffer.counts()).frames)
  app.get('/stats/repo-count', async (c) => json(c, { repo_count: await repos() }))
  app.get('/stats/record-count', async (c) => json(c, { record_count: await records() }))
  app.get('/stats/outbox-buffer', async (c) => json(c, { outbox_buffer: await outbox() }))
  app.get('/stats/resync-buffer', async (c) => json(c, { resync_buffer: await resync() }))
  app.get('/stats/cursors', async (c) => {
    const { firehose, listRepos } = await ports.cursors()
    return json(c, { firehose: firehose ?? 0, list_repos: listRepos ?? '' })
  })
  return app
}
