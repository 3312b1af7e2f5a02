import { styleText } from 'node:util'

/** One JSON document on stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

export function printLine(text: string = ''): void {
  process.stdout.write(`${text}\n`)
}

/** Columns under headings, as wide as their widest cell. Numbers stand to the right. */
export function printTable(headings: readonly string[], rows: readonly (readonly unknown[])[]): void {
  const cells = rows.map((row) =>
    row.map((cell) => (cell === null || cell === undefined ? '-' : String(cell))),
  )
  const widths = headings.map((h, i) => Math.max(h.length, ...cells.map((row) => row[i]?.length ?? 0)))
  const right = headings.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'))
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (right[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  printLine(styleText('bold', line(headings), { stream: process.stdout }))
  for (const row of cells) printLine(line(row))
}
