import { severalStatements } from '../../statement-words.ts'
import { sqlState } from './faults.ts'

const SYNTAX = '42601'

/** Says what the server means by several commands in a prepared statement; any other error is as it was. */
export function explainSeveral(error: unknown): unknown {
  const several = sqlState(error) === SYNTAX && /multiple commands/.test((error as Error).message)
  return several ? severalStatements({ cause: error }) : error
}
