import { expect, test } from 'vitest'
import { listener } from '../../test/support/observer.ts'
import { jetstream, tap } from '../config/define.ts'
import { resolveConfig } from '../config/resolve.ts'
import type { TapConfig } from '../config/types.ts'
import { announce } from './announce.ts'

function said(config: TapConfig): Record<string, unknown>[] {
  const observer = listener()
  const handlers = { definitions: [], schemas: {}, fingerprints: {} }
  announce(resolveConfig(config, { root: process.cwd(), file: null }), handlers, observer)
  return observer.lines
}

test('the line at start names what is followed, and nothing else', () => {
  expect(said({ relay: 'wss://relay.example' })[0]).toMatchObject({ relay: 'wss://relay.example' })
  const [line] = said({ relay: 'wss://relay.example', source: jetstream('wss://stream.example') })
  expect(line).toMatchObject({ jetstream: expect.stringContaining('wss://stream.example') })
  expect(line).not.toHaveProperty('relay')
})

test('with a Tap nothing has to be tracked here', () => {
  expect(said({}).map(({ msg }) => String(msg))[1]).toContain('nothing is tracked')
  expect(said({ source: tap('http://tap.example') })).toHaveLength(1)
})
