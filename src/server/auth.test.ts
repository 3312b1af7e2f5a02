import { expect, test } from 'vitest'
import { createGate, isLoopback } from './auth.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
const asked = (over: { authorization?: string; origin?: string; host?: string }) => ({
  authorization: over.authorization,
  origin: over.origin,
  host: over.host ?? 'localhost:2480',
})

test.each([
  ['the password', basic('admin:pass:word'), true],
  ['another scheme spelling', basic('admin:pass:word').replace('Basic', 'bAsIc'), true],
  ['nothing', undefined, false],
  ['another password', basic('admin:pass'), false],
  ['a longer password', basic('admin:pass:word2'), false],
  ['no password', basic('admin:'), false],
  ['another user', basic('root:pass:word'), false],
  ['no colon', basic('pass:word'), false],
  ['no user', basic(':pass:word'), false],
  ['a bearer token', 'Bearer pass:word', false],
  ['no base64', 'Basic pass:word', false],
  ['an empty header', '', false],
])('with a password, %s', (_, authorization, passes) => {
  const gate = createGate({ password: 'pass:word', host: '0.0.0.0' })
  const refused = gate(asked(authorization === undefined ? {} : { authorization }))
  if (passes) expect(refused).toBeNull()
  else {
    expect(refused).toEqual({
      status: 401,
      body: '{"error":"Unauthorized","message":"atproto admin auth required, but missing or incorrect password"}\n',
      headers: {
        'content-type': 'application/json',
        'www-authenticate': 'Basic realm="admin", charset="UTF-8"',
      },
    })
  }
})

test.each([
  ['a program', {}, null],
  ['a program by address', { host: '127.0.0.1:2480' }, null],
  ['a program by IPv6 address', { host: '[::1]:2480' }, null],
  ['a page of ours', { origin: 'http://localhost:2480' }, null],
  ['a page of a stranger', { origin: 'https://evil.example' }, 403],
  ['a page without origin', { origin: 'null' }, 403],
  ['a page that calls us by its own name', { origin: 'http://evil.example', host: 'evil.example' }, 403],
  ['no host at all', { host: '' }, 403],
])('without a password, on loopback: %s', (_, over, status) => {
  const gate = createGate({ password: null, host: '127.0.0.1' })
  expect(gate(asked(over))?.status ?? null).toBe(status)
})

test('without a password but bound to the world, any host name will do, pages of strangers still not', () => {
  const gate = createGate({ password: null, host: '0.0.0.0' })
  expect(gate(asked({ host: 'tap:2480' }))).toBeNull()
  expect(gate(asked({ host: 'tap:2480', origin: 'https://evil.example' }))?.status).toBe(403)
})

test('what is loopback', () => {
  expect(['127.0.0.1', '127.1.2.3', '::1', 'localhost'].every(isLoopback)).toBe(true)
  expect(
    ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.evil.example', 'localhost.evil.example'].some(isLoopback),
  ).toBe(false)
})
