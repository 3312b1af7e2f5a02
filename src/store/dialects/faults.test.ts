import { expect, test } from 'vitest'
import { explain as explainPglite } from './pglite/errors.ts'
import { explain as explainPostgres } from './postgres/errors.ts'
import { postgresFault } from './postgres/faults.ts'
import { sqliteFault } from './sqlite/faults.ts'

const sqlite = (errcode: number) => Object.assign(new Error('x'), { code: 'ERR_SQLITE_ERROR', errcode })
const postgres = (code: string) => Object.assign(new Error('invalid page in block 7'), { code })

test('what is broken on disk is damage, which no waiting mends', () => {
  expect([11, 779, 26].map((code) => sqliteFault(sqlite(code)))).toEqual(['damaged', 'damaged', 'damaged'])
  expect(['XX001', 'XX002'].map((code) => postgresFault(postgres(code)))).toEqual(['damaged', 'damaged'])
})

test('a full-text index at odds with its table is the doing of whoever wrote to it', () => {
  expect(sqliteFault(sqlite(267))).toBe(null)
})

test('damage on a server and in a folder says what to do', () => {
  expect(explainPostgres(postgres('XX001'), 'postgres://db')).toMatchObject({
    retry: false,
    message: expect.stringMatching(/damaged: invalid page in block 7.*pg_amcheck.*backup.*url=postgres/),
  })
  expect(explainPglite(postgres('XX002'), '/data')).toMatchObject({
    retry: false,
    message: expect.stringMatching(/damaged: invalid page in block 7.*backup.*folder=\/data/),
  })
})
