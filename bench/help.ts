import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { type Figure, median } from './figure.ts'

const ROUNDS = 15

/** `lextap --help` as users run it: built, a process of its own, the compile cache warm. */
export async function bench(): Promise<Figure[]> {
  const root = resolve(import.meta.dirname, '..')
  execFileSync(process.execPath, [resolve(root, '.ci/build.mjs')])
  const help = time([resolve(root, 'dist/cli/main.js'), '--help'])
  const bare = time(['-e', '0'])
  return [
    {
      id: 'help-ms',
      value: median(help),
      unit: 'ms',
      target: '<= 150',
      spread: [Math.min(...help), Math.max(...help)],
      peers: { 'node -e 0': median(bare) },
    },
  ]
}

function time(args: readonly string[]): number[] {
  const run = () => {
    const before = performance.now()
    execFileSync(process.execPath, args)
    return performance.now() - before
  }
  run()
  return Array.from({ length: ROUNDS }, run)
}

if (import.meta.main) console.log(await bench())
