import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import type { RepoState } from '../store/repo-row.ts'
import { next, type StateEvent, TRANSITIONS } from './state.ts'

const drawing = readFileSync(resolve(import.meta.dirname, '../../docs/states.md'), 'utf8')

const arrows = Object.entries(TRANSITIONS).flatMap(([from, events]) =>
  Object.entries(events).map(([event, to]) => `${from} --> ${to}: ${event}`),
)

test('docs/states.md draws the transitions, no more and no fewer', () => {
  const drawn = [...drawing.matchAll(/^ {2}(\S+ --> \S+: .+)$/gm)].map((m) => m[1])
  expect(drawn.filter((arrow) => !arrow?.startsWith('[*]')).sort()).toEqual([...arrows].sort())
  expect(drawn.filter((arrow) => arrow?.startsWith('[*]'))).toHaveLength(1)
})

test('docs/states.md explains every state and every event', () => {
  const explained = [...drawing.matchAll(/^\| `([a-z-]+)` \|/gm)].map((m) => m[1])
  const events = Object.values(TRANSITIONS).flatMap((arrows) => Object.keys(arrows))
  expect(new Set(explained)).toEqual(new Set([...Object.keys(TRANSITIONS), ...events]))
})

test('every state can be left, and active is reached by cut-over alone', () => {
  for (const state of Object.keys(TRANSITIONS) as RepoState[]) {
    expect(Object.keys(TRANSITIONS[state]).length).toBeGreaterThan(0)
  }
  expect(arrows.filter((arrow) => arrow.includes('--> active'))).toEqual(['resyncing --> active: cut-over'])
})

test('from every state a repo can become active again', () => {
  for (const start of Object.keys(TRANSITIONS) as RepoState[]) {
    const reached = new Set<RepoState>([start])
    for (const state of reached) for (const to of Object.values(TRANSITIONS[state])) reached.add(to)
    expect(reached).toContain('active')
  }
})

test('what is not drawn does not happen', () => {
  expect(next('pending', 'broken')).toBeUndefined()
  expect(next('active', 'claimed')).toBeUndefined()
  const all: StateEvent[] = ['claimed', 'cut-over', 'failed', 'interrupted', 'broken']
  expect(all.map((event) => next('resyncing', event))).toEqual([
    undefined,
    'active',
    'error',
    'desynchronized',
    'desynchronized',
  ])
})
