import { UserError } from '../errors.ts'

const CONTROL =
  /^(?:begin|start\s+transaction|commit|end|abort|prepare\s+transaction|set\s+(?:local\s+)?transaction|set\s+session\s+characteristics|rollback(?!\s+(?:work\s+|transaction\s+)?to\b))\b/i

/** Our own savepoint; who goes back to it undoes what others wrote. */
const SAVEPOINT =
  /^(?:savepoint|release(?:\s+savepoint)?|rollback(?:\s+(?:work|transaction))?\s+to(?:\s+savepoint)?)\s+["'`[]?lextap\b/i

/** What SQLite and Postgres call a comment: Postgres' nest, and end at a carriage return. */
const COMMENTS = [
  { nest: false, line: /\n/g },
  { nest: true, line: /[\n\r]/g },
]

/** Whether a statement would begin or end a transaction, or touch our savepoint. */
export const controlsTransaction = (sql: string): boolean =>
  COMMENTS.some((comments) => {
    const text = sql.slice(beginOf(sql, comments))
    return CONTROL.test(text) || SAVEPOINT.test(text)
  })

const COPY_IN = /^copy\b[\s\S]*\bfrom\s+stdin\b/i

/** Whether Postgres would wait for data that nobody sends. */
export const copiesIn = (sql: string): boolean =>
  COMMENTS.some((comments) => COPY_IN.test(sql.slice(beginOf(sql, comments))))

/** Whether it may put constraints off to the end of the transaction; a `do` block may hold it anywhere. */
export const defersConstraints = (sql: string): boolean => /\bset\s+constraints\b/i.test(sql)

/** What a statement may leave behind in its transaction, for statements that have nothing to do with it. */
export interface Leaves {
  /** Settings: a role, a search path, variables. */
  readonly settings: boolean
  /** Temporary tables. */
  readonly temporary: boolean
  readonly cursors: boolean
}

const SETS = /^(?:re)?set\b(?!\s+constraints)|^do\b[\s\S]*\b(?:re)?set\b/i
const SET_CONFIG = /\bset_config\b/i
const TEMPORARY = /\b(?:create|into)\s+(?:or\s+replace\s+)?(?:(?:local|global)\s+)?temp(?:orary)?\b/i
const CURSOR = /\bdeclare\b[\s\S]*\bcursor\b/i

/** By its words: what a function of the user's own does is not seen. */
export const leavesOf = (sql: string): Leaves => ({
  settings: SET_CONFIG.test(sql) || COMMENTS.some((comments) => SETS.test(sql.slice(beginOf(sql, comments)))),
  temporary: TEMPORARY.test(sql),
  cursors: CURSOR.test(sql),
})

/** Where the statement begins behind whitespace, semicolons and comments. */
function beginOf(sql: string, { nest, line }: (typeof COMMENTS)[number]): number {
  const blank = /[\s;]*/y
  let at = 0
  for (;;) {
    blank.lastIndex = at
    blank.test(sql)
    at = blank.lastIndex
    if (sql.startsWith('--', at)) at = endOf(sql, line, at)
    else if (sql.startsWith('/*', at)) at = commentEnd(sql, at, nest)
    else return at
  }
}

function commentEnd(sql: string, from: number, nest: boolean): number {
  const marks = nest ? /\/\*|\*\//g : /\*\//g
  marks.lastIndex = from + 2
  for (let open = 1; open > 0; ) {
    const mark = marks.exec(sql)
    if (mark === null) return sql.length
    open += mark[0] === '/*' ? 1 : -1
  }
  return marks.lastIndex
}

function endOf(sql: string, mark: RegExp, from: number): number {
  mark.lastIndex = from
  return mark.test(sql) ? mark.lastIndex : sql.length
}

/** Handlers must not end the transaction they run in: half a commit would become true. */
export function controlRefused(sql: string): UserError {
  return new UserError(
    `handlers run inside a transaction that lextap opens and commits; remove the statement; sql=${sql.trim().slice(0, 60)}`,
  )
}

/** A `copy … from stdin` would wait for ever. */
export function copyRefused(sql: string): UserError {
  return new UserError(
    `a query has no data to copy in; write rows with \`rows.<table>\` or an insert; sql=${sql.trim().slice(0, 60)}`,
  )
}

/** A text with more than one statement; `rest` is what stands behind the first, where that is known. */
export function severalStatements(
  options: { readonly rest: string } | { readonly cause: unknown },
): UserError {
  const rest = 'rest' in options ? `; rest=${options.rest.trim().slice(0, 100)}` : ''
  return new UserError(
    `a query is one statement, and this text goes on behind the first; give each a query of its own${rest}`,
    { code: 'several-statements', ...('cause' in options ? { cause: options.cause } : {}) },
  )
}
