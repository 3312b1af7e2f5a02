import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tempDatabase } from '../../test/support/outbox.ts'
import { createObserver } from '../observe/observer.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import type { ServerPorts } from './ports.ts'
import { type Listener, startServer } from './server.ts'

/**
 * What Tap (indigo af2fec94f34c, June 2026) answered when it was asked the same: method, path, body, status, body
 * of the answer. Only what is meant to be the same; docs/tap-compat.md lists the rest.
 */
const JSON_OF_TAP = 'application/json; charset=UTF-8'
const NOT_FOUND = '{"message":"Not Found"}\n'
const NOT_ALLOWED = '{"message":"Method Not Allowed"}\n'
const NO_REPO = '{"message":"repo not found"}\n'
const NO_DID = '{"message":"improperly formatted DID"}\n'
const ANSWERS: readonly (readonly [string, string, string | null, number, string, object?])[] = [
  ['GET', '/health', null, 200, '{"status":"ok"}\n'],
  ['GET', '/health?x=1', null, 200, '{"status":"ok"}\n'],
  ['POST', '/health', null, 405, NOT_ALLOWED, { allow: 'OPTIONS, GET' }],
  ['OPTIONS', '/health', null, 204, '', { allow: 'OPTIONS, GET' }],
  ['GET', '/health/', null, 404, NOT_FOUND],
  ['GET', '//health', null, 404, NOT_FOUND],
  ['GET', '/Health', null, 404, NOT_FOUND],
  ['GET', '/', null, 404, NOT_FOUND],
  ['OPTIONS', '/nothing', null, 404, NOT_FOUND],
  ['GET', '/repos/add', null, 405, NOT_ALLOWED, { allow: 'OPTIONS, POST' }],
  ['PUT', '/repos/add', null, 405, NOT_ALLOWED, { allow: 'OPTIONS, POST' }],
  ['OPTIONS', '/repos/add', null, 204, '', { allow: 'OPTIONS, POST' }],
  ['POST', '/repos/add/', '{"dids":[]}', 404, NOT_FOUND],
  ['POST', '/repos/remove', '{"dids":[]}', 200, '', { 'content-length': '0' }],
  ['GET', '/stats', null, 404, NOT_FOUND],
  ['GET', '/stats/repo-count', null, 200, '{"repo_count":0}\n'],
  ['GET', '/stats/record-count', null, 200, '{"record_count":0}\n'],
  ['GET', '/stats/outbox-buffer', null, 200, '{"outbox_buffer":0}\n'],
  ['GET', '/stats/resync-buffer', null, 200, '{"resync_buffer":0}\n'],
  ['GET', '/stats/cursors', null, 200, '{"firehose":0,"list_repos":""}\n'],
  ['GET', '/info', null, 404, NOT_FOUND],
  ['GET', '/info/', null, 404, NOT_FOUND],
  ['GET', '/info/nonsense', null, 404, NO_REPO],
  ['GET', '/info/a/b', null, 404, NO_REPO],
  ['GET', '/info/did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', null, 404, NO_REPO],
  ['POST', '/info/nonsense', null, 405, NOT_ALLOWED, { allow: 'OPTIONS, GET' }],
  ['GET', '/resolve', null, 404, NOT_FOUND],
  ['GET', '/resolve/', null, 404, NOT_FOUND],
  ['GET', '/resolve/nonsense', null, 400, NO_DID],
  ['POST', '/channel', null, 405, NOT_ALLOWED, { allow: 'OPTIONS, GET' }],
]

let store: Store
let server: Listener
beforeAll(async () => {
  const observer = createObserver({ level: 'silent' })
  store = await openStore(tempDatabase(), { observer })
  const ports = { cursors: async () => ({ firehose: null, listRepos: null }) } as unknown as ServerPorts
  server = await startServer({
    ...{ host: '127.0.0.1', port: 0, password: null, observer, store, ports },
    ...{ health: null, channel: null, noChannel: { records: null, all: null } },
  })
})
afterAll(async () => {
  await server.close()
  await store.close()
})

for (const [method, path, body, status, text, headers = {}] of ANSWERS) {
  test(`${method} ${path}`, async () => {
    const sent = request({
      ...{ host: '127.0.0.1', port: server.port, method, path },
      headers: body === null ? {} : { 'content-type': 'application/json' },
    })
    const [response] = await once(sent.end(body ?? undefined), 'response')
    let got = ''
    for await (const chunk of response.setEncoding('utf8')) got += chunk
    expect([response.statusCode, got]).toEqual([status, text])
    expect(response.headers).toMatchObject(headers)
    expect(response.headers['content-type']).toBe(text === '' ? undefined : JSON_OF_TAP)
  })
}
