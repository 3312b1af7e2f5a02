import { expect, test } from 'vitest'
import { createLogger, type LoggerOptions } from './logger.ts'
import { createObserver } from './observer.ts'

function lines(options: LoggerOptions = {}): { lines: string[]; log: ReturnType<typeof createLogger> } {
  const written: string[] = []
  const stream = { write: (line: string) => void written.push(line) }
  return { lines: written, log: createLogger({ ...options, stream }) }
}

test('a json line carries level, time, facts and message, and nothing about the machine', () => {
  const { lines: written, log } = lines()
  log.info({ did: 'did:plc:x', count: 3 }, 'done')
  const { time, ...line } = JSON.parse(written[0] ?? '')
  expect(line).toEqual({ level: 'info', did: 'did:plc:x', count: 3, msg: 'done' })
  expect(new Date(time).toISOString()).toBe(time)
})

test('levels below the chosen one say nothing', () => {
  const { lines: written, log } = lines({ level: 'warn' })
  log.info('no')
  log.warn('yes')
  expect(written).toHaveLength(1)
})

test('secrets are masked wherever they stand: facts, nested facts, URLs, errors, children', () => {
  const { lines: written, log } = lines({ level: 'trace' })
  const error = new Error('connect postgres://me:hunter1@host/db failed', {
    cause: new Error('postgres://a:hunter7@b'),
  })
  log
    .child({ part: 'store' })
    .error({ err: error, server: { password: 'hunter2' }, url: 'https://u:hunter3@x?token=hunter4' }, 'no')
  log.info({ list: ['wss://u:hunter5@relay'], adminPassword: 'hunter6' }, 'facts')
  expect(written.join('')).not.toMatch(/hunter\d/)
  expect(written.join('')).toContain('postgres://me:***@host/db')
})

test('a pretty line reads as one line for people', () => {
  const { lines: written, log } = lines({ format: 'pretty', color: false })
  log.warn({ did: 'did:plc:x' }, 'lagging')
  expect(written).toHaveLength(1)
  expect(written[0]).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: lagging \{"did":"did:plc:x"\}\n$/)
})

test('each observer has metrics of its own', async () => {
  const [a, b] = [createObserver({ level: 'silent' }), createObserver({ level: 'silent' })]
  a.metrics.count('lextap_test_total', 'help', { kind: 'x' }, 2)
  expect(await a.metrics.registry.metrics()).toContain('lextap_test_total{kind="x"} 2')
  expect(await b.metrics.registry.metrics()).not.toContain('lextap_test_total')
})
