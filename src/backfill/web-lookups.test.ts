import { expect, test } from 'vitest'
import type { RepoRow } from '../store/repo-row.ts'
import { domainOf, WebLookups } from './web-lookups.ts'

const row = (did: string) => ({ did, retryCount: 0 }) as RepoRow

/** Look-ups the test ends by hand. */
function begin(): {
  web: WebLookups
  asked: string[]
  end: (did: string) => Promise<void>
  stop: () => void
} {
  const stopping = new AbortController()
  const asked: string[] = []
  const ends = new Map<string, () => void>()
  const lookUp = ({ did }: RepoRow) =>
    new Promise<void>((resolve) => {
      asked.push(did)
      ends.set(did, resolve)
    })
  const end = async (did: string) => {
    ends.get(did)?.()
    await new Promise(setImmediate)
  }
  const stop = () => {
    stopping.abort()
    for (const resolve of ends.values()) resolve()
  }
  return { web: new WebLookups({ lookUp, signal: stopping.signal }), asked, end, stop }
}

test('a domain is its last two labels, whatever the port', () => {
  expect(domainOf('did:web:a.b.Example.com')).toBe('example.com')
  expect(domainOf('did:web:localhost%3A2583')).toBe('localhost')
  expect(domainOf('did:web:example.com%3a80')).toBe('example.com')
})

test('a domain has a share of the places and of the waiting, and the domains take turns', async () => {
  const { web, asked, end, stop } = begin()
  const taken = Array.from({ length: 20 }, (_, i) => web.add(row(`did:web:${i}.a.example`)))
  expect(taken.filter(Boolean).length).toBe(16)
  expect(asked.length).toBe(8)
  expect(web.crowded).toEqual(['a.example'])
  for (let i = 0; i < 60; i++) web.add(row(`did:web:x.d${i}.example`))
  expect(asked.length).toBe(32)
  await end('did:web:0.a.example')
  // It was before the others: its turn. Then theirs.
  expect(asked.at(-1)).toBe('did:web:8.a.example')
  await end('did:web:1.a.example')
  await end('did:web:2.a.example')
  expect(asked.slice(-2)).toEqual(['did:web:x.d24.example', 'did:web:x.d25.example'])
  stop()
})

test('when we stop nobody else is begun, and those that wait are handed back', async () => {
  const { web, asked, stop } = begin()
  for (let i = 0; i < 12; i++) web.add(row(`did:web:${i}.a.example`))
  stop()
  await new Promise(setImmediate)
  expect(asked.length).toBe(8)
  expect(web.clear().length).toBe(4)
  expect(web.size).toBe(0)
})
