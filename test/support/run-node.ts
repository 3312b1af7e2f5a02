import { type ChildProcess, spawn } from 'node:child_process'
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
  /** Whether `lextap` resolves to `src/`. Default true. */
  readonly sources?: boolean
}

/** The environment of a child: ours, without what the test runner and the machine's own config put in. */
export function cleanEnv(env: Record<string, string | undefined> = {}): Record<string, string | undefined> {
  const foreign = /^(TAP_|VITEST|NODE_OPTIONS|LOG_LEVEL|FORCE_COLOR)/
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  return { ...Object.fromEntries(own), NO_COLOR: '1', ...env }
}

/** A process under way whose output can be waited for. */
export class Running implements AsyncDisposable {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  stdout: string = ''
  stderr: string = ''
  readonly #listeners = new Set<() => void>()

  constructor(args: readonly string[], options: RunOptions) {
    const conditions = options.sources === false ? [] : ['--conditions=lextap-source']
    const child = spawn(process.execPath, [...conditions, ...args], {
      cwd: options.cwd ?? resolve('.'),
      env: cleanEnv(options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child = child
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      this.#tell()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      this.#tell()
    })
    this.finished = once(child, 'close').then(([code, signal]) => {
      this.#tell()
      return { code, signal, stdout: this.stdout, stderr: this.stderr }
    })
  }

  /** Resolves when stdout and stderr together match `times` times; rejects when the process ends first. */
  async waitFor(pattern: RegExp, times: number = 1): Promise<void> {
    const global = new RegExp(pattern.source, `${pattern.flags.replace('g', '')}g`)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = () => {
      const count = [...`${this.stdout}\n${this.stderr}`.matchAll(global)].length
      if (count >= times) resolve()
      else if (this.child.exitCode !== null)
        reject(new Error(`it ended without ${pattern}:\n${this.stdout}${this.stderr}`))
    }
    this.#listeners.add(look)
    look()
    await promise.finally(() => this.#listeners.delete(look))
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.finished
  }
}

/** Starts Node on the sources (`lextap` resolves to `src/`). */
export function startNode(args: readonly string[], options: RunOptions = {}): Running {
  return new Running(args, options)
}

/** Runs Node on the sources until it ends. */
export function runNode(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return startNode(args, options).finished
}

const MAIN = resolve('src/cli/main.ts')

/** `lextap …args` in a project. */
export function startCli(cwd: string, args: readonly string[], env: RunOptions['env'] = {}): Running {
  return startNode([MAIN, ...args], { cwd, env })
}

export function runCli(cwd: string, args: readonly string[], env: RunOptions['env'] = {}): Promise<Finished> {
  return startCli(cwd, args, env).finished
}
