import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { resolveConfig } from '../../src/config/resolve.ts'
import type { TapConfig } from '../../src/config/types.ts'
import { Metrics } from '../../src/observe/metrics.ts'
import { createTap, type Tap } from '../../src/tap.ts'
import type { Network } from '../../src/testing/index.ts'
import { schemas } from '../support/plain-handlers.ts'
import { type Behaviour, simulationHandlers } from './handlers.ts'
import type { KillAt, Orders } from './indexer.ts'

/** Log lines of the indexers, the newest ones, and what should never be logged. */
export class LogBook {
  readonly lines: string[] = []
  readonly alarms: string[] = []
  /** Accounts of whom a change of standing became a dead letter, which a later change may have settled since. */
  readonly untold = new Set<string>()
  readonly #max: number

  constructor(max = 3000) {
    this.#max = max
  }

  add(line: string): void {
    if (line.trim() === '') return
    this.lines.push(line)
    const untold = /"did":"([^"]+)".*"action":"account".*an event became a dead letter/.exec(line)
    if (untold?.[1] !== undefined) this.untold.add(untold[1])
    if (this.lines.length > this.#max * 2) this.lines.splice(0, this.#max)
    // Errors are for what lextap did not expect; a stream that breaks a rule is expected here.
    if (line.startsWith('{"level":50') && !EXPECTED.some((text) => line.includes(text)))
      this.alarms.push(line)
  }
}

const EXPECTED = [
  'the firehose broke a rule',
  'became a dead letter',
  'dead letter',
  'does not offer this list',
]

/** One run of the indexer on the database. */
export interface Life {
  readonly kind: 'here' | 'child'
  /** Resolves when it ended by itself: with the code of its error, or null. */
  readonly ended: Promise<string | null>
  /** Ends it: orderly here, with SIGKILL as a child. */
  end(): Promise<void>
}

export interface LifeOptions {
  readonly network: Network
  readonly config: TapConfig
  readonly behaviour: Behaviour
  readonly log: LogBook
  readonly batchHandlers: boolean
  /** `lextap run --reset-cursor` */
  readonly resetCursor: boolean
}

/** In this process: can be asked, settled and stopped. */
export class LifeHere implements Life {
  readonly kind = 'here'
  readonly tap: Tap
  readonly metrics: Metrics = new Metrics()
  readonly ended: Promise<string | null>

  constructor({ network, config, behaviour, log, batchHandlers, resetCursor }: LifeOptions) {
    const sink = new Writable({
      write: (chunk, _, done) => {
        log.add(String(chunk).trimEnd())
        done()
      },
    })
    this.tap = createTap(resolveConfig(config, { root: process.cwd(), file: null }), {
      observer: { log: pino({ level: 'debug' }, sink), metrics: this.metrics },
      definitions: simulationHandlers(behaviour, batchHandlers),
      schemas,
      handles: { resolve: network.resolveHandle },
      resetCursor,
    })
    this.ended = this.tap.finished.then(
      () => null,
      (error) => error.code ?? String(error),
    )
  }

  start(): Promise<void> {
    return this.tap.start()
  }

  end(): Promise<void> {
    return this.tap.stop()
  }
}

/** A process of its own: can only be killed, if it has not killed itself. */
export class LifeAsChild implements Life {
  readonly kind = 'child'
  readonly ended: Promise<string | null>
  readonly started: Promise<unknown>
  /** Whether it died at the moment it was told to. */
  diedAsPlanned = false
  readonly #child: ChildProcess

  constructor({ network, config, behaviour, log, batchHandlers, resetCursor }: LifeOptions, killAt: KillAt) {
    const orders: Orders = {
      config,
      resolver: network.pdses[0].url,
      mischief: { ...behaviour.mischief, throwAlways: 0, hang: 0 },
      killAt,
      batchHandlers,
      resetCursor,
    }
    const child = spawn(
      process.execPath,
      ['--conditions=lextap-source', 'test/simulation/indexer.ts', JSON.stringify(orders)],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    this.#child = child
    let failure: string | null = null
    let rest = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) log.add(line)
    })
    this.started = new Promise((resolve) => {
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        failure = /failed (.*)/.exec(text)?.[1] ?? failure
        resolve(undefined)
      })
      child.once('exit', resolve)
    })
    this.ended = once(child, 'close').then(() => {
      if (child.signalCode === 'SIGKILL') {
        this.diedAsPlanned = !child.killed
        return null
      }
      return failure ?? `exit ${child.exitCode}: ${rest}`
    })
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }
}
