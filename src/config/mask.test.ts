import { expect, test } from 'vitest'
import { maskUrl } from '../observe/mask.ts'
import { maskSecrets } from './mask.ts'
import { resolveConfig } from './resolve.ts'

test('a password with characters that should have been escaped is masked all the same', () => {
  expect(maskUrl('"postgres://me:pa#ss@host/db" is not allowed')).toBe(
    '"postgres://me:***@host/db" is not allowed',
  )
  expect(maskUrl('postgres://me:pa/s?s@host/db')).toBe('postgres://me:***@host/db')
  expect(maskUrl('http://127.0.0.1:2583/xrpc/x?did=a@b')).toBe('http://127.0.0.1:2583/xrpc/x?did=a@b')
})

test('passwords of URLs and of the server are masked, the rest is untouched', () => {
  const config = resolveConfig(
    {
      database: 'postgres://me:hunter2@db.example:5432/app?sslmode=require&sslpassword=hunter3',
      server: { password: 'hunter4' },
      delivery: { webhook: 'https://u:hunter5@hook.example/x?token=hunter6&id=1' },
      plc: 'https://plc.example',
    },
    { root: '/project', file: null },
  )
  const masked = maskSecrets(config)
  expect(JSON.stringify(masked)).not.toContain('hunter')
  expect(masked.database).toBe('postgres://me:***@db.example:5432/app?sslmode=require&sslpassword=***')
  expect(masked.delivery.webhook).toBe('https://u:***@hook.example/x?token=***&id=1')
  expect(masked.server?.password).toBe('***')
  expect({ ...masked, database: '', server: null, delivery: null }).toEqual({
    ...config,
    database: '',
    server: null,
    delivery: null,
  })
})

test.each([
  ['postgres://u:p@ss@host/db', 'postgres://u:***@host/db'],
  ['redis://:pw@host', 'redis://:***@host'],
  ['https://host:8080/a@b', 'https://host:8080/a@b'],
  ['connect to postgres://a:b@c failed', 'connect to postgres://a:***@c failed'],
  ['at://did:plc:abc/app.bsky.feed.post/1', 'at://did:plc:abc/app.bsky.feed.post/1'],
])('%s reads %s', (from, to) => {
  expect(maskUrl(from)).toBe(to)
})
