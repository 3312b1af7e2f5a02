import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Network, startNetwork } from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { type RunningTap, runTap, tempDatabase } from '../support/run-tap.ts'
import { STATUS, status } from './consumer.ts'

/** `go install github.com/bluesky-social/indigo/cmd/tap@latest` puts it there. */
const BIN = process.env.TAP_BIN ?? join(homedir(), 'go/bin/tap')
const WHY = existsSync(BIN) ? '' : ` (skipped: there is no Tap at ${BIN}, set TAP_BIN)`
const soon = { timeout: 30_000 }

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

const tapDatabase = () => `sqlite://${join(mkdtempSync(join(tmpdir(), 'lextap-real-tap-')), 'tap.db')}`

/** The real one, in a process and a folder of its own. */
class RealTap implements AsyncDisposable {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#child = child
  }

  static async start(network: Network, over: Record<string, string> = {}): Promise<RealTap> {
    const env: Record<string, string> = {
      HOME: homedir(),
      TAP_BIND: `127.0.0.1:${await freePort()}`,
      TAP_DATABASE_URL: tapDatabase(),
      TAP_RELAY_URL: network.relayHttp,
      TAP_PLC_URL: network.plc,
      ...over,
    }
    const tap = new RealTap(`http://${env.TAP_BIND}`, spawn(BIN, ['run'], { env, stdio: 'ignore' }))
    const answers = () =>
      fetch(`${tap.url}/health`).then(
        () => true,
        () => false,
      )
    await expect.poll(answers, soon).toBe(true)
    return tap
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill(signal)
    await gone
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
  }
}

/** What one server says on its channel, without ids, by repo. */
class Listener implements Disposable {
  readonly #socket: WebSocket
  readonly #lines = new Map<string, string[]>()

  constructor(url: string) {
    this.#socket = new WebSocket(`${url.replace('http', 'ws')}/channel`)
    this.#socket.on('message', (data) => {
      const text = String(data)
      const { id, record, identity } = JSON.parse(text)
      const { did } = record ?? identity
      const lines = this.#lines.get(did) ?? []
      lines.push(text.replace(/^\{"id":\d+,/, '{'))
      this.#lines.set(did, lines)
      this.#socket.send(`{"type":"ack","id":${id}}`)
    })
  }

  get count(): number {
    return [...this.#lines.values()].flat().length
  }

  /** Live ones in their order; historical ones have none among each other. */
  get said(): object {
    const live = (line: string) => line.includes('"live":true')
    const parts = ([did, lines]: [string, string[]]) =>
      [did, { live: lines.filter(live), other: lines.filter((line) => !live(line)).toSorted() }] as const
    return Object.fromEntries([...this.#lines].toSorted().map(parts))
  }

  [Symbol.dispose](): void {
    this.#socket.terminate()
  }
}

const asTap = (network: Network): Promise<RunningTap> =>
  runTap({
    ...{ network, definitions: [], schemas: {} },
    // Tap looks for handles on the web, where those of the sandbox are not.
    handles: { resolve: async () => null },
    config: { server: { port: 0 }, track: {} },
  })

async function ask(url: string, path: string, dids?: readonly string[], password = ''): Promise<string> {
  const body = dids === undefined ? {} : { method: 'POST', body: JSON.stringify({ dids }) }
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`
  const answer = await fetch(url + path, {
    headers: { 'content-type': 'application/json', authorization },
    ...body,
  })
  return `${answer.status} ${answer.headers.get('content-type')} ${await answer.text()}`
}

test.skipIf(WHY !== '')(`a real Tap beside us says and answers the same, to the byte${WHY}`, async () => {
  await using network = await startNetwork({ seed: 'beside', clock: 'system' })
  const [a, b, c] = [30, 5, 0].map((records) => network.createRepo({ records }))
  if (a === undefined || b === undefined || c === undefined) throw new Error('three repos')
  await using tap = await RealTap.start(network)
  await using ours = await asTap(network)
  const urls = [tap.url, ours.tap.serverUrl ?? '']
  await network.waitForSubscribers(2)
  using theirs = new Listener(tap.url)
  using own = new Listener(urls[1] ?? '')
  const both = (path: string, dids?: readonly string[]) =>
    Promise.all(urls.map((url) => ask(url, path, dids)))
  const same = async (path: string, dids?: readonly string[]) => {
    const [x, y] = await both(path, dids)
    expect([path, y]).toEqual([path, x])
  }
  /** Both have said so many events, and the same ones. */
  const settle = async (events: number) => {
    await expect.poll(() => [theirs.count, own.count], soon).toEqual([events, events])
    expect(own.said).toEqual(theirs.said)
  }

  const dids = [a.did, b.did, c.did]
  await same('/repos/add', dids)
  await settle(38)
  const odd = {
    ...status('<b>&\u2028🦋\u0000"\\/'),
    z: [{ b: 1, a: { $bytes: 'AQI' } }, null, {}],
    '\uffff': 1,
    '🦋': 2,
  }
  const link = 'bafkreifdcwe3k6vkowpi4crnc7ed6uh6xnosmnjty5yh5bhydgrcudx5di'
  const blob = (size: number) => ({ $type: 'blob', ref: { $link: link }, mimeType: 'image/png', size })
  for (const over of [
    {},
    { x: blob(5) },
    { x: blob(-1) },
    { x: { $type: '' } },
    { x: { cid: link, mimeType: 'a/b' } },
  ])
    a.create(STATUS, { ...odd, ...over })
  const { rkey } = b.create(STATUS, status('1'))
  b.update(STATUS, rkey, status('2'))
  b.delete(STATUS, rkey)
  b.commit(
    [1, 2].map((n) => ({
      action: 'create' as const,
      collection: STATUS,
      rkey: `n${n}`,
      record: status(`${n}`),
    })),
  )
  await settle(48)
  let events = 48
  for (const standing of ['deactivated', 'active', 'takendown', 'suspended', 'active'] as const) {
    b.setStatus(standing)
    await settle(++events)
  }
  for (const did of dids) await same(`/info/${did}`)
  for (const name of ['repo-count', 'record-count', 'resync-buffer', 'cursors']) await same(`/stats/${name}`)
  await same('/repos/add', dids)
  await same('/repos/remove', [c.did])
  await same(`/info/${c.did}`)
  await same('/stats/repo-count')
  await settle(events)
})

test.skipIf(WHY !== '')(
  `a real Tap as the source: history, live events, its crash and ours${WHY}`,
  async () => {
    await using network = await startNetwork({ seed: 'real source', clock: 'system' })
    const [a, b] = [network.createRepo({ records: 600 }), network.createRepo({ records: 30 })]
    const over = {
      ...{ TAP_BIND: `127.0.0.1:${await freePort()}`, TAP_DATABASE_URL: tapDatabase() },
      ...{ TAP_ADMIN_PASSWORD: 'pw', TAP_RETRY_TIMEOUT: '2s' },
    }
    await using first = await RealTap.start(network, over)
    await network.waitForSubscribers(1)
    const own = tempDatabase()
    const follow = () =>
      runTap({
        ...{ network, database: own },
        config: { source: { kind: 'tap', url: first.url, password: 'pw' }, track: { dids: [a.did, b.did] } },
      })
    const before = await follow()
    const truth = () => network.truth().size
    const rows = async (running: RunningTap) => (await running.rows('rec')).length
    await expect.poll(() => rows(before), soon).toBeGreaterThan(100)
    // Its acks are written every ten seconds at the earliest: nearly everything comes again.
    await first.stop('SIGKILL')
    await network.waitForSubscribers(0)
    await using second = await RealTap.start(network, over)
    // It had no time to save a cursor: it begins at the head.
    await network.waitForSubscribers(1)
    const { rkey } = a.create(STATUS, status('1'))
    a.update(STATUS, rkey, status('2'))
    b.delete(STATUS, b.create(STATUS, status('gone')).rkey)
    await expect.poll(() => rows(before), soon).toBe(truth())
    await before.tap.stop()
    a.create(STATUS, status('while we were away'))
    await using after = await follow()
    await expect.poll(() => rows(after), soon).toBe(truth())
    b.setStatus('deactivated')
    await expect
      .poll(async () => (await after.rows('account_seen')).map((row) => row.status), soon)
      .toContain('deactivated')
    await expectTruth(after, network.truth())
    await expectEachOnce(after)
    await after.tap.removeRepo(b.did)
    await expect.poll(() => ask(second.url, `/info/${b.did}`, undefined, 'pw'), soon).toContain('404')
  },
)
