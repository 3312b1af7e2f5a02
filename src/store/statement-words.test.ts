import { expect, test } from 'vitest'
import { controlsTransaction, leavesOf } from './statement-words.ts'

test.each([
  'commit',
  ' ;\n; COMMIT work',
  '/* a */ /* b */ end',
  '-- a\nabort',
  '-- a\rcommit', // Postgres alone ends the comment there
  '/* a /* b */ c */ commit', // and nests them
  '/* a /* b */ commit', // which SQLite does not
  'start  transaction',
  'commit prepared $1',
  'rollback',
  'set transaction read only',
  'rollback work',
  'savepoint lextap',
  'rollback to savepoint "lextap"',
  'rollback work to lextap',
  'release lextap',
])('%j controls the transaction', (text) => {
  expect(controlsTransaction(text)).toBe(true)
})

test.each([
  'select 1 -- commit',
  '/* commit */ select 1',
  '/* a */ select case when true then 1 /* b */ end',
  '/* a',
  '-- commit',
  '',
  'savepoint mine',
  'rollback to mine',
  'release savepoint mine',
  'prepare a as select 1',
  `${'/* a */ '.repeat(40)}select 1`,
])('%j does not', (text) => {
  expect(controlsTransaction(text)).toBe(false)
})

test.each([
  ['/* a */ set local role reader', { settings: true }],
  ['reset search_path', { settings: true }],
  ["select set_config ('app.who', $1, true)", { settings: true }],
  ["do $$ begin execute 'set local role reader'; end $$", { settings: true }],
  ['create temporary table a (b int)', { temporary: true }],
  ['create or replace temp view a as select 1', { temporary: true }],
  ['select 1 into temp a', { temporary: true }],
  ['declare a no scroll cursor for select 1', { cursors: true }],
  ['update post set text = $1', {}],
  ['set constraints all deferred', {}],
])('%j leaves %j behind', (text, left) => {
  expect(leavesOf(text)).toEqual({ settings: false, temporary: false, cursors: false, ...left })
})
