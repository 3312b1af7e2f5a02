import { expect } from 'vitest'
import type { TruthRecord } from '../../src/testing/index.ts'
import type { RunningTap } from './run-tap.ts'

/** The table `rec` of the plain handlers holds exactly the network's records. */
export async function expectTruth(running: RunningTap, truth: Map<string, TruthRecord>): Promise<void> {
  const rows = await running.rows('rec')
  const ours = new Map(rows.map((row) => [String(row.uri), row]))
  const problems: string[] = []
  for (const [uri, { cid, record }] of truth) {
    const row = ours.get(uri)
    if (row === undefined) problems.push(`missing ${uri}`)
    else if (row.cid !== cid) problems.push(`another version of ${uri}`)
    else expect(JSON.parse(String(row.body))).toEqual(record)
  }
  for (const uri of ours.keys()) if (!truth.has(uri)) problems.push(`should be gone: ${uri}`)
  expect(problems).toEqual([])
}

/** No event was applied twice: each call of a handler left one row in `seen`. */
export async function expectEachOnce(running: RunningTap): Promise<void> {
  const seen = await running.rows('seen')
  const keys = seen.map(
    (row) => `${row.action} ${row.uri} ${row.cid} ${row.action === 'delete' ? row.rev : ''}`,
  )
  const known = new Set<string>()
  const twice = keys.filter((key) => known.size === known.add(key).size)
  expect(twice).toEqual([])
}
