import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { ResolvedConfig } from '../config/types.ts'
import { UserError } from '../errors.ts'
import type { CommonOptions } from './options.ts'
import { onStopSignals } from './stop-signals.ts'
import { type Watching, watchPaths } from './watch.ts'

/**
 * Generates, runs `lextap run`, and starts over when handlers, lexicons, migrations or the config change. Each
 * step is a process of its own, since a module that was imported once cannot be read again. A change that does
 * not even generate leaves what runs alone.
 */
export async function runDev(flags: CommonOptions): Promise<void> {
  using signals = onStopSignals(() => {})
  const stopped = signals.first.then(() => 'stopped' as const)
  const first = await watchedPaths(flags)
  if (first === null) throw new UserError('the project cannot be run as it is')
  let watching: Watching = watchPaths(first)
  let child: ChildProcess | null = null
  try {
    for (;;) {
      if (await succeeds('codegen', flags)) {
        await end(child)
        child = start('run', flags)
        tellEnd(child)
      }
      const next = await Promise.race([stopped, watching.changed().then(() => 'changed' as const)])
      if (next === 'stopped') return
      process.stderr.write('something changed: starting over\n')
      const paths = await watchedPaths(flags)
      if (paths === null) continue
      watching[Symbol.dispose]()
      watching = watchPaths(paths)
    }
  } finally {
    watching[Symbol.dispose]()
    await end(child)
  }
}

/** The program itself: compiled in the published package, as it was written here. */
const MAIN = fileURLToPath(
  new URL(`./main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
)

/** What the config names, as it is on disk now; null when it cannot be used (the error is printed). */
async function watchedPaths(flags: CommonOptions): Promise<string[] | null> {
  const child = start('config print --json', flags, 'pipe')
  const [out, [code]] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    once(child, 'exit'),
  ])
  if (code !== 0) return null
  const { handlers, lexicons, migrations, file } = JSON.parse(out) as ResolvedConfig
  return [
    ...handlers,
    lexicons,
    ...(migrations === null ? [] : [migrations]),
    ...(file === null ? [] : [file]),
  ]
}

async function succeeds(command: string, flags: CommonOptions): Promise<boolean> {
  // Its words belong to the log; stdout is for results.
  const child = start(command, flags, process.stderr)
  const [code] = await once(child, 'exit')
  return code === 0
}

function start(
  command: string,
  flags: CommonOptions,
  stdout: 'inherit' | 'pipe' | NodeJS.WriteStream = 'inherit',
): ChildProcess {
  const args = [
    ...(flags.config === undefined ? [] : ['--config', flags.config]),
    ...(flags.logLevel === undefined ? [] : ['--log-level', flags.logLevel]),
    ...(flags.logFormat === undefined ? [] : ['--log-format', flags.logFormat]),
    ...(flags.debug ? ['--debug'] : []),
  ]
  // A process group of its own: ctrl-c in the terminal reaches us alone, and we stop it gracefully.
  return spawn(process.execPath, [...process.execArgv, MAIN, ...command.split(' '), ...args], {
    stdio: ['ignore', stdout, 'inherit'],
    detached: true,
  })
}

function tellEnd(child: ChildProcess): void {
  child.on('exit', (code) => {
    if (code !== 0 && code !== null) process.stderr.write(`it ended with ${code}; waiting for a change\n`)
  })
}

async function end(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}
