import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/store/open.ts'
import type { Tap } from '../../src/tap.ts'
import {
  type ActiveFault,
  type Network,
  Random,
  startNetwork,
  type TestRepo,
  type TrafficStep,
  traffic,
  type When,
} from '../../src/testing/index.ts'
import { quietObserver } from '../support/run-tap.ts'
import { chooseConfig, chooseWeights } from './config.ts'
import { FAULTS, GROUPS } from './faults.ts'
import { Behaviour, GOOD, type Mischief } from './handlers.ts'
import type { KillAt } from './indexer.ts'
import { type Life, LifeAsChild, LifeHere, LogBook } from './lives.ts'
import { Trap } from './trap.ts'
import { History, problemsOf } from './truth.ts'

export interface SimulationOptions {
  /** Everything follows from it, but for what the event loop decides. */
  readonly seed: string
  /** Things that are done. Default 120. */
  readonly steps?: number
  /** Whether indexers are run as processes and killed. Default false. */
  readonly kills?: boolean
  /** Faults that must strike at least once, by name. */
  readonly faults?: readonly string[]
  /** Whether handlers must misbehave in every way at least once. Default false. */
  readonly misbehave?: boolean
  /** Where the indexer writes. Default: a SQLite file of its own. */
  readonly database?: string
}

export interface SimulationReport {
  readonly seed: string
  /** How often each fault struck, by its name in `FAULTS`. */
  readonly faults: ReadonlyMap<string, number>
  /** How often handlers misbehaved, by kind. */
  readonly mischief: Readonly<Mischief>
  /** Moments at which processes died as they were told to. */
  readonly moments: ReadonlyMap<string, number>
  /** Things done, by kind. */
  readonly steps: ReadonlyMap<string, number>
  readonly lives: number
  /** Processes that died at the moment they were told to. */
  readonly killed: number
  readonly events: number
  readonly records: number
  /** What was done, in order. */
  readonly story: readonly string[]
}

/** Moments to die at. */
export const MOMENTS: readonly Omit<KillAt, 'nth'>[] = [
  { metric: 'handler_calls' },
  { metric: 'lextap_batches_total' },
  { metric: 'lextap_resyncs_total', label: 'done' },
  { metric: 'lextap_resyncs_total', label: 'failed' },
  { metric: 'lextap_messages_total', label: 'applied' },
  { metric: 'lextap_messages_total', label: 'buffered' },
  { metric: 'lextap_messages_total', label: 'discontinuous' },
  { metric: 'lextap_messages_total', label: 'invalid' },
  { metric: 'lextap_discovered_total' },
  { metric: 'lextap_repos_removed_total' },
  { metric: 'lextap_relay_disconnects_total' },
]

/** What may happen to a relay. */
const RELAY = ['disconnect', 'drop', 'forget', 'outdated', 'restart low', 'restart high'] as const

/** A network, an indexer, and an unlucky week: see `Simulation.run`. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const random = new Random(`simulation/${options.seed}`)
  const network = await startNetwork({
    seed: options.seed,
    pdses: 1 + random.int(4),
    carOrder: random.pick(['pds', 'preorder', 'random'] as const),
    retain: random.pick([200, 2000, 100_000]),
  })
  const dir = mkdtempSync(join(tmpdir(), 'lextap-simulation-'))
  const trap = await Trap.open()
  const simulation = new Simulation(options, random, network, trap, dir)
  try {
    return await simulation.run()
  } catch (error) {
    throw new Error(simulation.story(error), { cause: error })
  } finally {
    await simulation.end()
    await network.close()
    trap.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

class Simulation {
  readonly #options: SimulationOptions
  readonly #random: Random
  readonly #network: Network
  readonly #trap: Trap
  /** Private addresses are refused. */
  readonly #guarded: boolean
  readonly #config: ReturnType<typeof chooseConfig>
  readonly #batchHandlers: boolean
  readonly #behaviour = new Behaviour()
  readonly #history = new History()
  readonly #log = new LogBook()
  readonly #done: string[] = []
  readonly #counts = new Map<string, number>()
  readonly #touched = new Set<string>()
  readonly #removed = new Set<string>()
  readonly #active: ActiveFault[] = []
  readonly #faults = new Map<string, ActiveFault[]>()
  /** Faults that are still to be tried. */
  readonly #deck: string[]
  readonly #moments = new Map<string, number>()
  readonly #stopped = new Set<string>()
  #traffic: Generator<TrafficStep, undefined, undefined>
  #strangers = false
  #resetCursor = false
  #life: Life | null = null
  #lives = 0
  #killed = 0

  constructor(options: SimulationOptions, random: Random, network: Network, trap: Trap, dir: string) {
    this.#options = options
    this.#random = random
    this.#network = network
    this.#trap = trap
    this.#deck = [...(options.faults ?? [])]
    this.#guarded = network.pdses.length === 1 && random.chance(0.5)
    const database = options.database ?? `sqlite:${join(dir, 'app.db')}`
    this.#config = chooseConfig(network, random, database, this.#guarded)
    this.#batchHandlers = random.chance(0.4)
    this.#traffic = traffic(network, { weights: chooseWeights(random) })
  }

  /** Everything needed to understand a failure and to see it again. */
  story(error: unknown): string {
    const { seed, kills = false, faults = [], database = 'sqlite:' } = this.#options
    const on = `ON=${database.slice(0, database.indexOf(':'))}`
    const deck = faults.length === 0 ? '' : ` FAULTS=${faults.join()}`
    const command = `SEED='${seed}' STEPS=${this.#steps}${kills ? ' KILLS=1' : ''} ${on}${deck} npx vitest run test/simulation.test.ts`
    return [
      `${error instanceof Error ? error.message : error}`,
      `the simulation failed; reproduce: ${command}`,
      `config: ${JSON.stringify(this.#config)}; batches: ${this.#batchHandlers}`,
      'what was done:',
      ...this.#done.map((line, i) => `  ${i} ${line}`),
      'what the indexers logged last:',
      ...this.#log.lines.slice(-400).map((line) => `  ${line.slice(0, 600)}`),
    ].join('\n')
  }

  get #steps(): number {
    return this.#options.steps ?? 120
  }

  /** Builds the network, lets steps happen, switches everything off, waits until level, and compares. */
  async run(): Promise<SimulationReport> {
    await this.#populate()
    if (!this.#options.kills || this.#random.chance(0.5)) await this.#live()
    for (let i = 0; i < this.#steps; i++) await this.#step()
    const story = [...this.#done]
    for (const name of this.#options.faults ?? []) if (this.#hits(name) === 0) await this.#provoke(name)
    if (this.#options.misbehave === true) await this.#misbehave()
    // By chance nobody may have died.
    for (let i = 0; i < 10 && this.#options.kills === true && this.#killed === 0; i++) await this.doKill()
    await this.#quiet(this.#random.chance(0.5))
    await this.#cursorIsLast()
    const [moments, mischief, steps] = [this.#moments, this.#behaviour.done, this.#counts]
    const faults = new Map([...this.#faults.keys()].map((name) => [name, this.#hits(name)]))
    const report = { seed: this.#options.seed, story, faults, mischief, moments, steps, lives: this.#lives }
    const events = this.#network.relayStream.seq
    return { ...report, killed: this.#killed, events, records: this.#network.truth().size }
  }

  async end(): Promise<void> {
    const life = this.#life
    this.#life = null
    await life?.end()
  }

  async #populate(): Promise<void> {
    const random = this.#random
    const count = 3 + random.int(20)
    const one = () => ({
      curve: random.pick(['k256', 'k256', 'p256'] as const),
      records: random.chance(0.04) ? 2500 : random.int(60),
      announce: random.chance(0.7),
    })
    for (let i = 0; i < count; i++) this.#network.createRepo(one())
    if (random.chance(0.3) && !this.#guarded) await this.#network.createWebRepo(one())
    const { track } = this.#config
    if (track?.dids !== undefined)
      track.dids.push(...this.#network.repos.filter(() => random.chance(0.6)).map(({ did }) => did))
    for (const repo of this.#network.repos) this.#history.note(repo)
    this.#note('populate', `${this.#network.repos.length} repos on ${this.#network.pdses.length} hosts`)
  }

  #note(kind: string, text = ''): void {
    this.#done.push(`${kind} ${text}`)
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
  }

  async #step(): Promise<void> {
    const random = this.#random
    const kind = random.weighted<keyof Simulation & `do${string}`>([
      ['doTraffic', 45],
      ['doWait', 20],
      ['doFault', 16],
      ['doCure', 5],
      ['doMischief', 3],
      ['doHost', 3],
      ['doRelay', 3],
      ['doRestart', this.#options.kills ? 1.5 : 3],
      ['doKill', this.#options.kills ? 2.5 : 0],
      ['doOperator', 3],
      ['doLevel', 0.7],
    ])
    const life = this.#life
    await this[kind]().catch(async (error) => {
      // What an operator asked of it is lost when the indexer ends meanwhile.
      const ended = life === null ? 'ended' : await Promise.race([life.ended, turn().then(() => 'alive')])
      if (kind !== 'doOperator' || ended === 'alive') throw error
    })
    await this.#revive()
  }

  async doTraffic(): Promise<void> {
    const n = 1 + this.#random.int(40)
    const kinds = new Map<string, number>()
    for (let i = 0; i < n; i++) {
      const { value } = this.#traffic.next()
      if (value === undefined) throw new Error('traffic ended')
      const repo = this.#network.repo(value.did)
      if (repo !== null) this.#history.note(repo)
      kinds.set(value.kind, (kinds.get(value.kind) ?? 0) + 1)
      if (this.#random.chance(0.3)) await turn()
    }
    this.#note('traffic', [...kinds].map(([kind, times]) => `${kind}×${times}`).join(' '))
  }

  async doWait(): Promise<void> {
    const ms = this.#random.pick([0, 1, 5, 20, 60])
    this.#note('wait', `${ms}`)
    await pause(ms)
  }

  async doFault(): Promise<void> {
    const any = this.#random.pick(this.#random.pick(GROUPS))
    this.#add(this.#deck.shift() ?? any)
  }

  #add(name: string, change: (when: When) => When = (when) => when): ActiveFault {
    const entry = FAULTS[name]
    if (entry === undefined) throw new Error(`no such fault; name=${name}`)
    // When an operator has to help depends on the event loop.
    const planned = this.#done.filter((line) => !line.startsWith('reset cursor'))
    const random = this.#random.fork(`fault/${planned.length}`)
    const when = change(entry.when(this.#network, random))
    const fault = this.#network.faults.add(entry.make(this.#network, random, this.#trap.url), when)
    this.#active.push(fault)
    this.#faults.set(name, [...(this.#faults.get(name) ?? []), fault])
    if (name === 'flip-any-bit') this.#strangers = true
    this.#note('fault', `${name} ${JSON.stringify(when)}`)
    return fault
  }

  #hits(name: string): number {
    return (this.#faults.get(name) ?? []).reduce((sum, fault) => sum + fault.hits, 0)
  }

  /** Nothing else is in its way, and whatever may meet the fault happens, until it has struck. */
  async #provoke(name: string): Promise<void> {
    await this.#heal()
    this.#note('provoke', name)
    for (let place = 0; place < 25; place++) {
      const fault = this.#add(name, ({ chance: _, after: __, ...when }) => when)
      for (let i = 0; i < 6 && fault.hits === 0; i++) await this.#stir(i)
      // A slow machine may have more than enough to do already.
      const late = AbortSignal.timeout(5000)
      if (fault.hits === 0 && this.#life instanceof LifeHere)
        await this.#life.tap.settled({ signal: late }).catch(() => {})
      fault.remove()
      if (fault.hits > 0) return
    }
    throw new Error(`a fault that does not strike; name=${name}`)
  }

  async #misbehave(): Promise<void> {
    await this.#heal()
    const { mischief, done } = this.#behaviour
    for (const kind of ['throwOnce', 'throwAlways', 'slow', 'hang'] as const) {
      Object.assign(mischief, GOOD, { [kind]: 0.2 })
      for (let i = 0; i < 40 && done[kind] === 0; i++) await this.#stir(i)
    }
  }

  /** A bit of everything: events of every kind, fetches, lists, look-ups, a new connection. */
  async #stir(i: number): Promise<void> {
    await this.#revive()
    await this.doTraffic()
    const awake = this.#network.repos.filter((repo) => repo.active)
    const ours = awake.filter((repo) => this.#shouldTrack(repo) !== false)
    const some = this.#random.shuffle(ours.length > 0 ? ours : awake).slice(0, 3)
    for (const repo of some) {
      repo.publish()
      repo.sync()
    }
    some[0]?.setStatus('suspended')
    some[0]?.setStatus('active')
    if (i % 3 === 2) this.#network.relayStream.disconnect()
    const life = this.#life
    if (!(life instanceof LifeHere)) return
    void life.tap.reconcile({ graceMs: 0 }).catch(() => {})
    if (ours.length === 0 && some[0] !== undefined) await this.#track(life, some[0].did).catch(() => {})
    // It may have ended meanwhile: a relay that names a cursor of the future.
    for (const { did } of some) await life.tap.resync(did).catch(() => {})
    await pause(20)
  }

  async doCure(): Promise<void> {
    for (const fault of this.#active.splice(0)) if (this.#random.chance(0.6)) fault.remove()
    this.#note('cure')
  }

  async doMischief(): Promise<void> {
    const share = () => (this.#random.chance(0.5) ? this.#random.int(30) / 100 : 0)
    const slow = this.#random.chance(0.3) ? 0.05 : 0
    const hang = this.#random.chance(0.2) ? 0.01 : 0
    const mischief = { throwOnce: share(), throwAlways: share() / 4, hang, slow }
    Object.assign(this.#behaviour.mischief, this.#random.chance(0.4) ? GOOD : mischief)
    this.#note('mischief', JSON.stringify(this.#behaviour.mischief))
  }

  async doHost(): Promise<void> {
    const down = [...this.#stopped][0]
    if (down !== undefined) {
      this.#stopped.delete(down)
      await this.#network.host(down).start()
      this.#note('host', `${down} is back`)
      return
    }
    const name = this.#random.pick(['plc', 'relay', ...this.#network.pdses.map((pds) => pds.name)])
    this.#stopped.add(name)
    await this.#network.host(name).stop()
    this.#note('host', `${name} is gone`)
  }

  async doRelay(): Promise<void> {
    const { relayStream } = this.#network
    const what = this.#random.pick(RELAY)
    this.#note(`relay ${what}`)
    if (what === 'outdated') {
      // What happens while nobody listens is forgotten before somebody does (rule A4).
      await this.end()
      await this.doTraffic()
      relayStream.forget()
      await this.doTraffic()
      await this.#live()
    } else if (what === 'disconnect') relayStream.disconnect()
    else if (what === 'drop') this.#network.host('relay').dropConnections()
    else if (what === 'forget') relayStream.forget()
    else if (what === 'restart low') this.#network.restartRelay()
    else this.#network.restartRelay({ firstSeq: relayStream.seq + 1000 })
  }

  async doRestart(): Promise<void> {
    this.#note('restart')
    await this.end()
    if (this.#random.chance(0.3)) await this.doTraffic()
    await this.#live()
  }

  async doKill(): Promise<void> {
    await this.end()
    const moment = this.#random.pick(MOMENTS)
    const nth = 1 + this.#random.int(this.#random.pick([1, 1, 3, 10, 30]))
    this.#note('kill', JSON.stringify({ ...moment, nth }))
    const child = new LifeAsChild(this.#lifeOptions(), { ...moment, nth })
    this.#life = child
    this.#lives++
    await child.started
    const gone = child.ended.then(() => true)
    for (let i = 0; i < 25; i++) {
      await (this.#random.chance(0.6) ? this.doTraffic() : this.doFault())
      const pause = new Promise<boolean>((done) => setTimeout(() => done(false), 5 + this.#random.int(60)))
      if (await Promise.race([gone, pause])) break
    }
    await this.#endChild(child, momentName(moment))
  }

  async #endChild(child: LifeAsChild, moment: string): Promise<void> {
    this.#life = null
    await child.end()
    if (child.diedAsPlanned) {
      this.#killed++
      this.#moments.set(moment, (this.#moments.get(moment) ?? 0) + 1)
    }
    this.#judge(await child.ended)
    this.#resetIfAsked(await child.ended)
    await this.#live()
  }

  /** What somebody at the console may do. */
  async doOperator(): Promise<void> {
    const life = this.#life
    if (!(life instanceof LifeHere)) return
    const repo = this.#random.pick(this.#network.repos)
    const what = this.#random.pick(['resync', 'retry letters', 'reconcile', 'remove', 'add'])
    const { tap } = life
    if (what === 'resync') await tap.resync(repo.did)
    else if (what === 'retry letters') await retryLetters(tap, this.#touched)
    else if (what === 'reconcile') void tap.reconcile().catch(() => {})
    else if (this.#config.track?.dids === undefined) return
    else if (what === 'remove') {
      await tap.removeRepo(repo.did)
      this.#removed.add(repo.did)
      this.#touched.add(repo.did)
    } else await this.#track(life, repo.did)
    this.#note('operator', `${what} ${repo.did}`)
  }

  async #track({ tap }: LifeHere, did: string): Promise<void> {
    await tap.addRepos([did])
    this.#removed.delete(did)
    this.#touched.add(did)
    const { dids } = this.#config.track
    if (dids !== undefined && !dids.includes(did)) dids.push(did)
  }

  async doLevel(): Promise<void> {
    await this.#quiet(false)
  }

  #lifeOptions() {
    const [network, config, log] = [this.#network, structuredClone(this.#config), this.#log]
    // Who was removed must not come back by the config at the next start.
    if (config.track?.dids !== undefined)
      config.track.dids = config.track.dids.filter((did) => !this.#removed.has(did))
    const [behaviour, batchHandlers, resetCursor] = [this.#behaviour, this.#batchHandlers, this.#resetCursor]
    this.#resetCursor = false
    return { network, config, behaviour, log, batchHandlers, resetCursor }
  }

  async #live(): Promise<LifeHere> {
    const life = new LifeHere(this.#lifeOptions())
    this.#life = life
    this.#lives++
    await life.start()
    return life
  }

  /** An indexer that gave up is looked at by its operator: only a relay with a new sequence may end it. */
  async #revive(): Promise<void> {
    const life = this.#life
    if (life === null) return void (await this.#live())
    const still = Symbol('still')
    const ended = await Promise.race([life.ended, turn().then(() => still)])
    if (ended === still) return
    this.#life = null
    await life.end()
    this.#judge(ended as string | null)
    this.#resetIfAsked(ended as string | null)
    await this.#live()
  }

  #judge(ended: string | null): void {
    if (ended !== null && ended !== 'future-cursor') throw new Error(`the indexer ended: ${ended}`)
  }

  /** `lextap run --reset-cursor` */
  #resetIfAsked(ended: string | null): void {
    if (ended !== 'future-cursor') return
    this.#note('reset cursor')
    this.#resetCursor = true
  }

  /** Everything works again. */
  async #heal(): Promise<void> {
    this.#network.faults.clear()
    this.#active.length = 0
    Object.assign(this.#behaviour.mischief, GOOD)
    for (const name of this.#stopped) await this.#network.host(name).start()
    this.#stopped.clear()
  }

  /** Everything works again; waits until the indexer is level and compares. */
  async #quiet(afresh: boolean): Promise<void> {
    this.#note('quiet', afresh ? 'after a restart' : '')
    await this.#heal()
    if (afresh) await this.end()
    const deadline = performance.now() + 60_000
    for (let clean = 0; clean < 2; ) {
      await this.#revive()
      const life = this.#life
      if (!(life instanceof LifeHere)) continue
      const level = this.#level(life, deadline).catch(async (error) => {
        // It ended in the middle of it: a relay with a new sequence.
        if ((await Promise.race([life.ended, turn().then(() => 'alive')])) === 'alive') throw error
        return -1
      })
      const found = await Promise.race([level, life.ended.then(() => -1)])
      clean = found === 0 ? clean + 1 : 0
    }
    const life = this.#life as LifeHere
    const problems = await problemsOf(life.tap, {
      network: this.#network,
      history: this.#history,
      behaviour: this.#behaviour,
      touched: new Set([...this.#touched, ...this.#log.untold]),
      strangers: this.#strangers,
      tracked: (repo) => this.#shouldTrack(repo),
    })
    if (this.#guarded && this.#trap.asked > 0)
      problems.push(`a private address was asked ${this.#trap.asked} times`)
    if (problems.length > 0) throw new Error(problems.slice(0, 40).join('\n'))
    if (this.#log.alarms.length > 0) throw new Error(`alarming: ${this.#log.alarms.slice(0, 10).join('\n')}`)
  }

  /** One round of getting level; how much was found to do. */
  async #level({ tap }: LifeHere, deadline: number): Promise<number> {
    const late = () => performance.now() > deadline
    const reached = async () => {
      const { connected, cursor } = (await tap.status()).relay
      return connected && cursor === this.#network.relayStream.seq
    }
    // Who follows from the head, or a relay that began anew, has seen nothing yet.
    const somebody = this.#network.repos.find(({ status }) => status !== 'deleted')
    for (let i = 0; !(await reached()) && !late(); i++) {
      if (i % 50 === 0) somebody?.publish()
      await pause(5)
    }
    const signal = AbortSignal.timeout(Math.max(1, Math.round(deadline - performance.now())))
    await tap.settled({ seq: this.#network.relayStream.seq, signal }).catch(async (error) => {
      if (!signal.aborted) throw error
      const rows = await tap.store.repos.list({ limit: 10_000 })
      const odd = rows.filter((row) => row.state !== 'active')
      throw new Error(
        `not settled: ${JSON.stringify(await tap.status())} ${JSON.stringify(odd.slice(0, 10))}`,
      )
    })
    const retried = await retryLetters(tap, this.#touched)
    const found = await tap.reconcile({ graceMs: 0 })
    const failed = await tap.store.repos.list({ state: 'error', limit: 10_000 })
    const waiting = failed.filter((row) => this.#network.repo(row.did)?.active).length
    if (waiting > 0) await pause(50)
    if (late()) throw new Error(`never level: ${retried} letters, ${found} behind, ${waiting} in error`)
    return retried + found + waiting
  }

  #shouldTrack(repo: TestRepo): boolean | null {
    const { track } = this.#config
    if (track?.network === 'full') return true
    if (track?.dids !== undefined) return track.dids.includes(repo.did) && !this.#removed.has(repo.did)
    // Once found, a repo stays ours without a status too.
    return repo.tree.hasPrefix('xyz.statusphere.status/') ? true : null
  }

  async #cursorIsLast(): Promise<void> {
    const { relay, relayStream } = this.#network
    const seq = relayStream.seq
    await this.end()
    const store = await openStore(this.#config.database ?? '', { observer: quietObserver() })
    const saved = await store.cursors.get(new URL(relay).host, 'com.atproto.sync.subscribeRepos')
    const cursor = saved === null ? null : Number(saved)
    await store.close()
    if (cursor !== seq) throw new Error(`the cursor is ${cursor} and the last event ${seq}`)
  }
}

export function momentName({ metric, label }: Omit<KillAt, 'nth'>): string {
  return label === undefined ? metric : `${metric} ${label}`
}

/** `touched`: whoever's change of standing was a dead letter is told of it late. */
async function retryLetters(tap: Tap, touched: Set<string>): Promise<number> {
  const letters = await tap.store.deadLetters.list({ limit: 100_000 })
  for (const { did, action } of letters) if (action === 'account') touched.add(did)
  for (const { id } of letters.reverse()) await tap.retryDeadLetter(id)
  return letters.length
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))
const turn = (): Promise<void> => new Promise((done) => setImmediate(done))
