/**
 * A unified diff of two texts, for people. Generated files change in a few places, so equal lines at both ends
 * are cut first; what is left is compared with the plain quadratic table, or shown whole when it is too large.
 */
export function unifiedDiff(path: string, before: string, after: string): string {
  if (before === after) return ''
  const a = before === '' ? [] : before.replace(/\n$/, '').split('\n')
  const b = after === '' ? [] : after.replace(/\n$/, '').split('\n')
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end])
    end++
  const from = Math.max(0, start - CONTEXT)
  const tail = Math.min(end, CONTEXT)
  const body = [
    ...a.slice(from, start).map((line) => ` ${line}`),
    ...changed(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...a.slice(a.length - end, a.length - end + tail).map((line) => ` ${line}`),
  ]
  const oldLines = a.length - end + tail - from
  const newLines = b.length - end + tail - from
  const head = `--- ${before === '' ? '/dev/null' : path}\n+++ ${after === '' ? '/dev/null' : path}`
  return `${head}\n@@ -${from + 1},${oldLines} +${from + 1},${newLines} @@\n${body.join('\n')}\n`
}

const CONTEXT = 3
const MAX_TABLE = 4_000_000

function changed(a: readonly string[], b: readonly string[]): string[] {
  const minus = (line: string) => `-${line}`
  const plus = (line: string) => `+${line}`
  if (a.length * b.length > MAX_TABLE) return [...a.map(minus), ...b.map(plus)]
  const width = b.length + 1
  const common = new Uint32Array((a.length + 1) * width)
  const at = (i: number, j: number) => common[i * width + j] ?? 0
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  const out: string[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push(` ${a[i++]}`)
      j++
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) out.push(minus(a[i++] ?? ''))
    else out.push(plus(b[j++] ?? ''))
  }
  return out
}
