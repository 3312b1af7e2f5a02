import { spawnSync } from 'node:child_process'

/** One core for what is measured where the system can pin it; the rest is for the network. */
const pinned = (): readonly string[] => {
  const can = spawnSync('taskset', ['-c', '0', 'true']).status === 0
  return can ? ['taskset', '-c', '0', process.execPath] : [process.execPath]
}

/** Runs a script in a process of its own, on one core unless told otherwise; what it printed. */
export function runNode(args: readonly string[], pin = true): string {
  const [command = '', ...rest] = pin ? pinned() : [process.execPath]
  const ran = spawnSync(command, [...rest, ...profiling(), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
  })
  if (ran.status !== 0) throw new Error(`${args.join(' ')} ended with ${ran.status}`)
  return String(ran.stdout)
}

/** See profile.ts. */
function profiling(): string[] {
  const folder = process.env.BENCH_PROFILE
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}
