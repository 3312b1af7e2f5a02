/**
 * Where the time of a measured process went: `BENCH_PROFILE=<folder> npm run bench -- <id>` writes profiles there, and
 * `node bench/profile.ts <file>` prints each function's own share.
 */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

function shares({ nodes, samples, timeDeltas }: Profile): [name: string, share: number][] {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || '(anonymous)'} ${url === '' ? '' : `${relative(process.cwd(), url.replace('file://', ''))}:${lineNumber + 1}`}`,
    ]),
  )
  const own = new Map<string, number>()
  let total = 0
  samples.forEach((id, i) => {
    const name = names.get(id) ?? '?'
    const micros = timeDeltas[i] ?? 0
    own.set(name, (own.get(name) ?? 0) + micros)
    total += micros
  })
  return [...own]
    .map(([name, micros]): [string, number] => [name, micros / total])
    .sort((a, b) => b[1] - a[1])
}

const [file = '', count = '40'] = process.argv.slice(2)
for (const [name, share] of shares(JSON.parse(readFileSync(file, 'utf8')) as Profile).slice(0, Number(count)))
  console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${name}`)
