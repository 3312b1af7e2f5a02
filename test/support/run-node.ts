import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Record<string, string | undefined>
}

/** The environment of a child: ours, without what the test runner and the machine's own config put in. */
export function cleanEnv(env: Record<string, string | undefined> = {}): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(TAP_|VITEST|NODE_OPTIONS|LOG_LEVEL|FORCE_COLOR)/.test(name),
  )
  return { ...Object.fromEntries(own), NO_COLOR: '1', ...env }
}

/** Runs Node on the sources (`lextap` resolves to `src/`) until it ends. */
export async function runNode(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = spawn(process.execPath, ['--conditions=lextap-source', ...args], {
    cwd: options.cwd ?? resolve('.'),
    env: cleanEnv(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal, stdout, stderr }
}
