/**
 * Directory, lists and PDSes of many small repos in a process of its own: everything they answer was made beforehand,
 * so that they cost little while others are measured. Speaks over IPC: gets a `HostsWish`, answers `HostsAddress`.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { carBytes } from '../src/testing/car.ts'
import { didDocument } from '../src/testing/identity-hosts.ts'
import { Random, startNetwork } from '../src/testing/index.ts'

export interface HostsWish {
  readonly repos: number
  readonly records: number
  readonly hosts: number
  /** Where made repos are kept for the next run. */
  readonly folder: string
}
export interface HostsAddress {
  readonly relay: string
  readonly relayHttp: string
  readonly plc: string
  /** In all repos together: a little fewer than wished for, as a profile has one place only. */
  readonly records: number
}

interface Made {
  readonly did: string
  readonly rev: string
  readonly document: Record<string, unknown>
  readonly records: number
  readonly at: number
  readonly length: number
}

/** Makes the repos, or finds those of an earlier run. */
async function make({ repos, records, folder }: HostsWish): Promise<{ made: Made[]; cars: Buffer }> {
  const base = join(folder, `small-repos-${repos}x${records}`)
  if (!existsSync(`${base}.json`)) {
    mkdirSync(folder, { recursive: true })
    await using network = await startNetwork({ seed: 'small repos' })
    const random = new Random('small repos')
    const file = openSync(`${base}.cars`, 'w')
    const made: Made[] = []
    for (let at = 0; made.length < repos; ) {
      const repo = network.createRepo({ records, announce: false })
      const car = carBytes(repo.export('pds', random))
      writeSync(file, car)
      const { did, rev } = repo
      const kept = [...repo.records()].length
      made.push({ did, rev, document: didDocument(repo), records: kept, at, length: car.length })
      at += car.length
    }
    closeSync(file)
    const list = openSync(`${base}.json.part`, 'w')
    writeSync(list, JSON.stringify(made))
    closeSync(list)
    renameSync(`${base}.json.part`, `${base}.json`)
  }
  return {
    made: JSON.parse(readFileSync(`${base}.json`, 'utf8')) as Made[],
    cars: readFileSync(`${base}.cars`),
  }
}

async function listen(handle: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}

const json = (response: ServerResponse, status: number, body: unknown): void => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}

const PAGE = 1000

async function serve(wish: HostsWish): Promise<HostsAddress> {
  const { made, cars } = await make(wish)
  const place = new Map(made.map(({ did }, n) => [did, n]))
  const pds: RequestListener = (request, response) => {
    const did = new URL(request.url ?? '', 'http://host.invalid').searchParams.get('did')
    const repo = made[place.get(did ?? '') ?? -1]
    if (repo === undefined) return json(response, 400, { error: 'RepoNotFound' })
    response.writeHead(200, { 'content-type': 'application/vnd.ipld.car' })
    response.end(cars.subarray(repo.at, repo.at + repo.length))
  }
  const homes: string[] = []
  for (let i = 0; i < wish.hosts; i++) homes.push(`http://127.0.0.1:${(await listen(pds)).port}`)
  const documents = made.map(({ document }, n) =>
    JSON.stringify({
      ...document,
      // Nobody here answers for handles.
      alsoKnownAs: [],
      service: [
        {
          id: '#atproto_pds',
          type: 'AtprotoPersonalDataServer',
          serviceEndpoint: homes[n % homes.length],
        },
      ],
    }),
  )
  const plc = await listen((request, response) => {
    const document = documents[place.get(decodeURIComponent(request.url ?? '').slice(1)) ?? -1]
    json(response, document === undefined ? 404 : 200, document ?? '{}')
  })
  const relay = await listen((request, response) => {
    const url = new URL(request.url ?? '', 'http://host.invalid')
    if (!url.pathname.endsWith('listRepos')) return json(response, 404, '{}')
    const from = Number(url.searchParams.get('cursor') ?? 0)
    const next = from + PAGE
    json(response, 200, {
      repos: made.slice(from, next).map(({ did, rev }) => ({ did, rev, head: '', active: true })),
      ...(next < made.length ? { cursor: String(next) } : {}),
    })
  })
  // Says nothing: what is measured is the backfill.
  new WebSocketServer({ server: relay.server, perMessageDeflate: false })
  return {
    relay: `ws://127.0.0.1:${relay.port}`,
    relayHttp: `http://127.0.0.1:${relay.port}`,
    plc: `http://127.0.0.1:${plc.port}`,
    records: made.reduce((sum, { records }) => sum + records, 0),
  }
}

// A bench that was killed leaves nobody behind.
process.on('disconnect', () => process.exit())
process.on('message', async (wish: HostsWish) => {
  process.send?.(await serve(wish))
})
