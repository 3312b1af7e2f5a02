import { parseTapEvent } from '@atproto/tap'
import { expect, test } from 'vitest'
import { accountEvent, handleEvent, recordEvent, wireEvent } from './wire-event.ts'

const CID = 'bafyreifdcwe3k6vkowpi4crnc7ed6uh6xnosmnjty5yh5bhydgrcudx5di'
const facts = {
  live: true,
  did: 'did:plc:ewvi7nxzyoun6zhxrhs64oiz',
  rev: '3kb3fge5lm32x',
  collection: 'app.bsky.feed.post',
  rkey: '3kb3fge5lm32x',
}
const wire = (event: { body: string } | null) => wireEvent(12345, event?.body ?? '')

test("a record event is Tap's documented example, in the order of its struct", () => {
  const record = { text: 'Hello world!', $type: 'app.bsky.feed.post', createdAt: '2024-10-07T12:00:00.000Z' }
  const event = recordEvent({ ...facts, action: 'create', record, cid: CID })
  expect(wire(event)).toBe(
    '{"id":12345,"type":"record","record":{"live":true,"did":"did:plc:ewvi7nxzyoun6zhxrhs64oiz","rev":"3kb3fge5lm32x",' +
      '"collection":"app.bsky.feed.post","rkey":"3kb3fge5lm32x","action":"create",' +
      '"record":{"$type":"app.bsky.feed.post","createdAt":"2024-10-07T12:00:00.000Z","text":"Hello world!"},' +
      `"cid":"${CID}"}}`,
  )
  expect(event).toMatchObject({ kind: 'record', live: true, did: facts.did })
  expect(parseTapEvent(JSON.parse(wire(event)))).toMatchObject({
    id: 12345,
    action: 'create',
    live: true,
    cid: CID,
  })
})

test('a delete has neither record nor cid', () => {
  const event = recordEvent({ ...facts, live: false, action: 'delete' })
  expect(wire(event)).toMatch(/"action":"delete"}}$/)
  expect(wire(event)).toContain('"live":false')
  expect(parseTapEvent(JSON.parse(wire(event)))).toMatchObject({ action: 'delete' })
})

test('a record that cannot be written is told without its content', () => {
  expect(
    wire(recordEvent({ ...facts, action: 'create', record: { a: { $type: 'blob' } }, cid: CID })),
  ).toMatch(new RegExp(`"action":"create","cid":"${CID}"}}$`))
})

test("an identity event is as Tap's code writes it, not as its README spells it", () => {
  const event = handleEvent(facts.did, 'alice.bsky.social', 'active')
  expect(wire(event)).toBe(
    `{"id":12345,"type":"identity","identity":{"did":"${facts.did}","handle":"alice.bsky.social","is_active":true,"status":"active"}}`,
  )
  expect(event).toMatchObject({ kind: 'identity', live: false })
})

test('whatever the standing, the client can read the event', () => {
  for (const [handle, standing, active, status] of [
    ['a.test', 'takendown', false, 'takendown'],
    [null, 'active', true, 'active'],
    ['a.test', 'throttled', false, 'deactivated'],
  ] as const) {
    expect(parseTapEvent(JSON.parse(wire(handleEvent(facts.did, handle, standing))))).toMatchObject({
      handle: handle ?? 'handle.invalid',
      isActive: active,
      status,
    })
  }
})

test('of a standing Tap does not know nothing is said', () => {
  expect(accountEvent(facts.did, 'a.test', false, 'throttled')).toBeNull()
  expect(wire(accountEvent(facts.did, 'a.test', true, 'desynchronized'))).toContain(
    '"is_active":true,"status":"active"',
  )
  expect(wire(accountEvent(facts.did, 'a.test', false, 'deleted'))).toContain(
    '"is_active":false,"status":"deleted"',
  )
})
