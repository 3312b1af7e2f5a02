import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { findConfig } from '../config/load.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { describeResult, generate } from './codegen.ts'
import type { CommonOptions } from './options.ts'
import { openProject } from './project.ts'
import { printError } from './report.ts'
import { onStopSignals } from './stop-signals.ts'
import { watchPaths } from './watch.ts'

/**
 * Generates, runs `lextap run` in a process of its own, and starts it over when handlers, lexicons, migrations
 * or the config change. A change that does not even generate leaves what runs alone.
 */
export async function runDev(flags: CommonOptions): Promise<void> {
  const { config } = await openProject(flags)
  using signals = onStopSignals(() => {})
  using watching = watchPaths(watchedOf(config))
  const stopped = signals.first.then(() => 'stopped' as const)
  let child: ChildProcess | null = null
  for (;;) {
    if (await generates(config, flags)) {
      await end(child)
      child = start(flags)
    }
    const next = await Promise.race([stopped, watching.changed().then(() => 'changed' as const)])
    if (next === 'stopped') return end(child)
    process.stderr.write('something changed: starting over\n')
  }
}

function watchedOf({ handlers, lexicons, migrations, file }: ResolvedConfig): string[] {
  return [
    ...handlers,
    lexicons,
    ...(migrations === null ? [] : [migrations]),
    ...(file === null ? [] : [file]),
  ]
}

async function generates(config: ResolvedConfig, flags: CommonOptions): Promise<boolean> {
  try {
    process.stderr.write(`${describeResult(await generate(config), config)}\n`)
    return true
  } catch (error) {
    printError(error, { debug: flags.debug === true })
    return false
  }
}

function start(flags: CommonOptions): ChildProcess {
  const file = flags.config ?? findConfig(process.cwd())
  const args = [
    ...(file === null ? [] : ['--config', file]),
    ...(flags.logLevel === undefined ? [] : ['--log-level', flags.logLevel]),
    ...(flags.logFormat === undefined ? [] : ['--log-format', flags.logFormat]),
    ...(flags.debug ? ['--debug'] : []),
  ]
  const main = fileURLToPath(import.meta.resolve('./main.ts'))
  // A process group of its own: ctrl-c in the terminal reaches us alone, and we stop it gracefully.
  const child = spawn(process.execPath, [...process.execArgv, main, 'run', ...args], {
    stdio: 'inherit',
    detached: true,
  })
  child.on('exit', (code) => {
    if (code !== 0 && code !== null) process.stderr.write(`it ended with ${code}; waiting for a change\n`)
  })
  return child
}

async function end(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}
