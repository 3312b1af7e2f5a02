import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A moment to die at: the nth time a metric is counted (with this label among its values). */
export interface KillAt {
  readonly metric: string
  readonly label?: string
  readonly nth: number
}

/** An indexer in a process of its own that kills itself with SIGKILL at the given moment. */
export class Indexer {
  readonly #child: ChildProcess
  readonly gone: Promise<unknown>
  #dead = false

  constructor(network: { relay: string; plc: string }, database: string, killAt: KillAt) {
    const orders = JSON.stringify({ relay: network.relay, plc: network.plc, database, killAt })
    const args = ['--conditions=lextap-source', 'test/support/indexer-process.ts', orders]
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'inherit'] })
    this.gone = once(this.#child, 'exit').then(() => {
      this.#dead = true
    })
  }

  get dead(): boolean {
    return this.#dead
  }

  /** SIGKILL when it died as planned. */
  get signal(): NodeJS.Signals | null {
    return this.#child.signalCode
  }
}
