import { expect, test } from 'vitest'
import { controlsTransaction } from './statement-words.ts'

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
