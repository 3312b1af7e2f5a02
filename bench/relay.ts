import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { Answers, NetworkWish, Pace, Request } from './relay-process.ts'

/** The network of the live benches, in a process of its own. */
export class Relay {
  readonly #child: ChildProcess = fork(resolve(import.meta.dirname, 'relay-process.ts'), {
    execArgv: ['--conditions=lextap-source', '--max-old-space-size=8192'],
    stdio: ['ignore', 2, 2, 'ipc'],
    serialization: 'advanced',
  })

  network(wish: NetworkWish): Promise<Answers['network']> {
    return this.#ask({ do: 'network', wish })
  }
  /** Makes commits of every repo and keeps them as frames; who connects from now on gets them. */
  commits(perRepo: number): Promise<Answers['commits']> {
    return this.#ask({ do: 'commits', perRepo })
  }
  /** How the frames are sent to who connects next: how fast, how many, how often from the start. */
  pace(pace: Pace, options: { frames?: number; loops?: number; spread?: number } = {}): Promise<null> {
    return this.#ask({ do: 'pace', pace, ...options })
  }
  times(): Promise<Answers['times']> {
    return this.#ask({ do: 'times' })
  }

  async #ask<T>(request: Request): Promise<T> {
    this.#child.send(request)
    const [reply] = (await once(this.#child, 'message')) as [{ answer: T; error?: string }]
    if (reply.error !== undefined) throw new Error(reply.error)
    return reply.answer
  }

  [Symbol.dispose](): void {
    this.#child.kill()
  }
}
