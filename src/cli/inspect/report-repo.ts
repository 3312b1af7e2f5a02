import { InvalidError } from '../../errors.ts'
import { decodeJson } from '../../protocol/cbor.ts'
import { cidToString } from '../../protocol/cid.ts'
import type { WalkedRecord } from '../../protocol/walk.ts'
import type { RepoJudgement } from '../../repo/judge-car.ts'
import { printLine } from '../print.ts'

/** Prints `collection/rkey cid`, or the record too. */
export function recordPrinter(flags: { json?: true; records?: true }): (record: WalkedRecord) => void {
  return ({ collection, rkey, cid, block }) => {
    const path = `${collection}/${rkey}`
    const text = cidToString(cid)
    const record = flags.records ? recordOf(block) : undefined
    if (flags.json) printLine(JSON.stringify({ path, cid: text, ...(flags.records ? { record } : {}) }))
    else printLine(`${path} ${text}${flags.records ? ` ${JSON.stringify(record)}` : ''}`)
  }
}

/** What breaks the data model (H1) has no JSON: it is shown as bytes. */
function recordOf(block: Uint8Array): unknown {
  try {
    return decodeJson(block)
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error
    return { $bytes: Buffer.from(block).toString('base64').replace(/=+$/, '') }
  }
}

export function printRepo(judgement: RepoJudgement, flags: { json?: true }): void {
  const { reason, ...facts } = judgement
  const { did, rev, data, records, verdict, rule } = facts
  if (verdict === 'invalid') process.exitCode = 1
  const why = verdict === 'ok' ? '' : ` ${rule}: ${reason}`
  printLine(
    flags.json
      ? JSON.stringify(facts)
      : `${verdict}${why} did=${did ?? '-'} rev=${rev ?? '-'} data=${data ?? '-'} records=${records}`,
  )
}
