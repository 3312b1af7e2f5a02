import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

/**
 * Who may import whom. A room is a folder of `src/`; the hall is the files directly in it.
 * `hall files` lists the hall's modules a room may use: errors are everybody's, `lex` is the one door
 * generated code and handlers enter by.
 */
const ROOMS: Record<string, readonly string[]> = {
  async: [],
  protocol: ['async'],
  observe: [],
  store: ['protocol', 'async', 'observe'],
  repo: ['protocol', 'async', 'observe', 'store', 'dispatch'],
  dispatch: ['protocol', 'async', 'observe', 'store'],
  source: ['protocol', 'async', 'observe', 'store', 'repo'],
  backfill: ['protocol', 'async', 'observe', 'store', 'repo', 'dispatch'],
  replay: ['protocol', 'async', 'observe', 'store', 'dispatch'],
  delivery: ['protocol', 'async', 'observe', 'store', 'repo', 'dispatch'],
  server: ['protocol', 'async', 'observe', 'store', 'repo', 'dispatch', 'delivery'],
  lex: ['protocol', 'dispatch'],
  lexicon: ['protocol', 'observe', 'store'],
  config: ['protocol', 'observe'],
  testing: ['protocol', 'async'],
  cli: [
    'protocol',
    'async',
    'observe',
    'store',
    'repo',
    'dispatch',
    'source',
    'backfill',
    'replay',
    'delivery',
    'server',
    'lexicon',
    'config',
    'testing',
  ],
}
const HALL: Record<string, readonly string[]> = {
  cli: ['errors', 'tap', 'lex', 'index', 'handlers'],
  testing: ['errors', 'index'],
}
const src = resolve(import.meta.dirname, '../src')

function files(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    return statSync(path).isDirectory() ? files(path) : path.endsWith('.ts') ? [path] : []
  })
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((m) =>
    resolve(dirname(file), m[1] ?? ''),
  )
}

const roomOf = (file: string) => {
  const parts = relative(src, file).split('/')
  return parts.length === 1 ? 'hall' : (parts[0] ?? '')
}

// Tests sit beside their files and may reach further; `protocol/` tests still need no store.
const sources = files(src).filter((f) => !/\.test(-d)?\.ts$/.test(f) && !f.includes('/fixtures/'))

test('every folder of src is a room of the table', () => {
  const rooms = new Set(sources.map(roomOf))
  rooms.delete('hall')
  expect([...rooms].filter((room) => !(room in ROOMS))).toEqual([])
})

test('rooms import only whom the table allows', () => {
  const wrong: string[] = []
  for (const file of sources) {
    const room = roomOf(file)
    if (room === 'hall') continue
    for (const target of importsOf(file)) {
      const other = roomOf(target)
      if (other === room) continue
      if (other === 'hall') {
        const name = relative(src, target).replace(/\.ts$/, '')
        if ((HALL[room] ?? ['errors']).includes(name)) continue
      } else if (ROOMS[room]?.includes(other)) continue
      wrong.push(`${relative(src, file)} imports ${relative(src, target)}`)
    }
  }
  expect(wrong).toEqual([])
})

test('the runtime never imports the lexicon room, and no room imports config', () => {
  const wrong = sources.flatMap((file) =>
    importsOf(file)
      .filter(
        (target) =>
          !['cli', 'lexicon', 'config'].includes(roomOf(file)) && ['lexicon'].includes(roomOf(target)),
      )
      .map((target) => `${relative(src, file)} imports ${relative(src, target)}`),
  )
  expect(wrong).toEqual([])
})

test('no two files import each other in a circle', () => {
  const graph = new Map(sources.map((f) => [f, importsOf(f)]))
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].map((f) => relative(src, f)).join(' → '))
      return
    }
    if (done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of sources) visit(file, [])
  expect(circles).toEqual([])
})
