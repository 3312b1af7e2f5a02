/** One thing wrong with a lexicon: where, what, and what to do about it. */
export interface Problem {
  readonly severity: 'error' | 'note'
  /** File as given, e.g. `lexicons/app/bsky/feed/post.json`. */
  readonly file: string
  /** Where in the document: `defs.main.record.properties.text.maxLength`; empty for the whole of it. */
  readonly path: string
  readonly message: string
  /** What to do. */
  readonly fix: string
}

/** Collects the problems of one document. */
export class Problems {
  readonly file: string
  readonly list: Problem[] = []

  constructor(file: string) {
    this.file = file
  }

  error(path: string, message: string, fix: string): void {
    this.list.push({ severity: 'error', file: this.file, path, message, fix })
  }

  note(path: string, message: string, fix: string): void {
    this.list.push({ severity: 'note', file: this.file, path, message, fix })
  }
}

export const isError = (problem: Problem): boolean => problem.severity === 'error'

/** `a.b["c-d"][0]`: a key appended to a JSON path. */
export function join(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`
  return path === '' ? key : `${path}.${key}`
}

/** Three lines a problem, the first one clickable in most terminals. */
export function printProblem({ severity, file, path, message, fix }: Problem): string {
  const where = path === '' ? file : `${file}  ${path}`
  return `${severity}: ${where}\n  ${message}\n  → ${fix}`
}

/** All of them, errors first, and how many there are. */
export function printProblems(problems: readonly Problem[]): string {
  const sorted = [...problems].sort((a, b) => Number(isError(b)) - Number(isError(a)))
  const errors = problems.filter(isError).length
  const count = `${errors} ${errors === 1 ? 'error' : 'errors'}, ${problems.length - errors} notes`
  return [...sorted.map(printProblem), count].join('\n')
}
