import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { ENV_NAMES } from '../../src/config/env-names.ts'
import { createObserver } from '../../src/observe/observer.ts'
import { createApp } from '../../src/server/app.ts'
import type { ServerPorts, ServerStore } from '../../src/server/ports.ts'
import { type Network, startNetwork } from '../../src/testing/index.ts'
import { Consumer, STATUS, status } from './consumer.ts'

const soon = { timeout: 30_000 }

/** `lextap run`, configured by Tap's names as somebody who ran Tap has them. */
class DropIn implements AsyncDisposable {
  readonly lines: Record<string, unknown>[] = []
  readonly #child: ChildProcess

  constructor(cwd: string, env: Record<string, string>) {
    const main = resolve('src/cli/main.ts')
    const { PATH = '' } = process.env
    this.#child = spawn(
      process.execPath,
      ['--conditions=lextap-source', main, 'run', '--log-format', 'json'],
      {
        ...{ cwd, env: { PATH, ...env }, stdio: ['ignore', 'inherit', 'pipe'] },
      },
    )
    createInterface({ input: this.#child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      if (line.startsWith('{')) this.lines.push(JSON.parse(line))
    })
  }

  said(text: string): Record<string, unknown> | undefined {
    return this.lines.find(({ msg }) => String(msg).includes(text))
  }

  async url(): Promise<string> {
    await expect.poll(() => this.said('the server listens')?.url, soon).toBeTruthy()
    return String(this.said('the server listens')?.url)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = this.#child.exitCode === null ? once(this.#child, 'exit') : null
    this.#child.kill('SIGTERM')
    await gone
  }
}

function folder(config?: object): string {
  const cwd = mkdtempSync(join(tmpdir(), 'lextap-drop-in-'))
  writeFileSync(join(cwd, 'package.json'), '{}')
  if (config !== undefined) writeFileSync(join(cwd, 'tap.config.json'), JSON.stringify(config))
  return cwd
}

const envOf = (network: Network) => ({
  TAP_DATABASE_URL: 'sqlite://./tap.db',
  TAP_RELAY_URL: network.relayHttp,
  TAP_PLC_URL: network.plc,
  TAP_BIND: '127.0.0.1:0',
})

test('somebody stops Tap and starts lextap with the same environment: the same app goes on', async () => {
  await using network = await startNetwork({ seed: 'drop in', clock: 'system' })
  const repo = network.createRepo({ records: 40 })
  // Tap has no name for this; the sandbox's hosts live on this machine.
  const cwd = folder({ backfill: { allowPrivateHosts: true } })
  await using tap = new DropIn(cwd, {
    ...envOf(network),
    TAP_ADMIN_PASSWORD: 'secret',
    TAP_COLLECTION_FILTERS: 'xyz.statusphere.*,app.bsky.feed.post',
  })
  await using consumer = new Consumer(await tap.url(), 'secret')
  consumer.start()
  await consumer.tap.addRepos([repo.did])
  const own = () => [...network.truth().keys()].filter((uri) => /statusphere|feed\.post/.test(uri))
  await expect.poll(() => consumer.records.size, soon).toBe(own().length)
  repo.create(STATUS, status('live'))
  await expect.poll(() => consumer.records.size, soon).toBe(own().length)
  expect([...consumer.records.keys()].toSorted()).toEqual(own().toSorted())
  expect(await consumer.tap.getRepoInfo(repo.did)).toMatchObject({ state: 'active', records: own().length })
})

test('with Tap-names alone, and nothing else, there is a server; unknown and contradictory names are reported', async () => {
  await using network = await startNetwork({ seed: 'names', clock: 'system' })
  await using tap = new DropIn(folder(), {
    ...envOf(network),
    TAP_SIGNAL_COLLECTION: 'xyz.statusphere.status',
    TAP_FULL_NETWORK: 'true',
    TAP_COLECTION_FILTERS: 'x.y.z',
  })
  const url = await tap.url()
  expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok' })
  expect(await (await fetch(`${url}/stats/repo-count`)).json()).toEqual({ repo_count: 0 })
  expect(tap.said('TAP_COLECTION_FILTERS')?.msg).toContain('TAP_COLLECTION_FILTERS')
  expect(tap.said('TAP_SIGNAL_COLLECTION adds nothing')).toBeDefined()
})

test('docs/tap-compat.md names every endpoint and every environment name', () => {
  const page = readFileSync('docs/tap-compat.md', 'utf8')
  const observer = createObserver({ level: 'silent' })
  const app = createApp({
    ...{ gate: () => null, observer, health: null, noChannel: { records: null, all: null } },
    ports: {} as ServerPorts,
    store: { repos: {}, records: {}, outbox: {}, buffer: {} } as unknown as ServerStore,
  })
  const routes = app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ path }) => path.replace('{.+}', ''))
  expect(routes.filter((path) => !page.includes(`${path}\``))).toEqual([])
  expect(ENV_NAMES.filter(({ name }) => !page.includes(`\`${name}\``)).map(({ name }) => name)).toEqual([])
})
