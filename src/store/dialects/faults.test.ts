import { expect, test } from 'vitest'
import { explain as explainPglite } from './pglite/errors.ts'
import { explain as explainPostgres } from './postgres/errors.ts'
import { endsConnection, postgresFault, statementFault } from './postgres/faults.ts'
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

const raised = (code: string, severity: string) => Object.assign(new Error('x'), { code, severity })

test('a connection ends with what the server calls fatal or the driver says, and not with what a function raises', () => {
  const codes = ['57P01', '57P02', '57P03', '25P03', '25P04']
  expect(codes.map((code) => endsConnection(raised(code, 'FATAL')))).toEqual(codes.map(() => true))
  expect(codes.map((code) => endsConnection(raised(code, 'ERROR')))).toEqual(codes.map(() => false))
  expect(['08001', '08006', '08P01', '40001'].map((code) => endsConnection(raised(code, 'ERROR')))).toEqual(
    Array(4).fill(false),
  )
  expect(endsConnection(new Error('Connection terminated unexpectedly'))).toBe(true)
  expect(
    endsConnection(Object.assign(raised('0A000', 'ERROR'), { message: 'cached plan must not change' })),
  ).toBe(true)
})

test('what a statement meets is the trouble of all where the disk, the memory or the server is, else perhaps its own', () => {
  const whole = ['53100', '53200', '53300', '58030', '25006', 'XX001']
  expect(whole.map((code) => statementFault(raised(code, 'ERROR'))?.whole)).toEqual(whole.map(() => true))
  expect(statementFault(raised('57P01', 'FATAL'))).toEqual({ fault: 'connection', whole: true })
  const own = ['40001', '40P01', '55P03', '57014', '53400', '58P01', '08001', '57P01']
  expect(own.map((code) => statementFault(raised(code, 'ERROR'))?.whole)).toEqual(own.map(() => false))
  expect([statementFault(raised('08P01', 'ERROR')), statementFault(raised('23505', 'ERROR'))]).toEqual([
    null,
    null,
  ])
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
