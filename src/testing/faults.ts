import type { CarExport } from './car.ts'
import type { NetworkEvent } from './event.ts'
import type { Exchange, Middleware, Reply } from './host.ts'
import type { Random } from './random.ts'
import type { TestRepo } from './repo.ts'
import type { FrameContext, SentFrame } from './stream.ts'

/** Where an event or an exported repo is on its way. */
export interface RepoContext {
  readonly repo: TestRepo
  /** Name of the host that sends. */
  readonly host: string
  readonly random: Random
}

/**
 * Something that goes wrong. Each function stands at one place on the way from a repo to its reader;
 * `undefined` means there is nothing to spoil here, and does not count as a hit.
 */
export interface Fault {
  readonly name: string
  /**
   * Where the event is made, before it gets a sequence number: nobody ever gets what is left out here. The
   * relay passes on what the PDS says, and only spoils it further when `host` is `relay`.
   */
  event?(event: NetworkEvent, context: RepoContext): readonly NetworkEvent[] | undefined
  /** On the way to one subscriber. */
  frame?(
    frame: Uint8Array,
    context: FrameContext & { readonly random: Random },
  ): readonly SentFrame[] | undefined
  /** Around the answer to a request; also a WebSocket's opening request. */
  http?(
    exchange: Exchange,
    next: () => Promise<Reply>,
    context: { readonly random: Random },
  ): Promise<Reply> | undefined
  /** The blocks of an exported repo. */
  car?(car: CarExport, context: RepoContext): CarExport | undefined
}

/** When a fault strikes. All given conditions must hold; none given: always. */
export interface When {
  /** Name of a host (`plc`, `relay`, `pds1`). */
  readonly host?: string
  /** NSID of a route. */
  readonly route?: string
  readonly did?: string
  /** How often at most. */
  readonly times?: number
  /** How many chances it lets pass first. */
  readonly after?: number
  /** Probability per chance. */
  readonly chance?: number
}

interface Place {
  readonly host: string
  readonly route: string | null
  readonly did: string | null
}

/** A fault that is switched on. */
export class ActiveFault {
  readonly name: string
  readonly fault: Fault
  readonly #when: When
  readonly #random: Random
  readonly #waiting = new Set<() => void>()
  readonly #remove: (fault: ActiveFault) => void
  #chances = 0
  #hits = 0

  constructor(fault: Fault, when: When, random: Random, remove: (fault: ActiveFault) => void) {
    this.name = fault.name
    this.fault = fault
    this.#when = when
    this.#random = random
    this.#remove = remove
  }

  /** The host it is meant for, `null` for any. */
  get host(): string | null {
    return this.#when.host ?? null
  }

  /** How often it struck. */
  get hits(): number {
    return this.#hits
  }

  get random(): Random {
    return this.#random
  }

  /** Switches it off. */
  remove(): void {
    this.#remove(this)
  }

  [Symbol.dispose](): void {
    this.remove()
  }

  /** Resolves when it has struck `n` times. */
  hit(n = 1): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.#hits < n) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  /** Runs `strike` if the time has come, and counts it unless it found nothing to do. */
  attempt<T>(place: Place, strike: () => T | undefined): T | undefined {
    const { host, route, did, times, after, chance } = this.#when
    if (host !== undefined && host !== place.host) return undefined
    if (route !== undefined && route !== place.route) return undefined
    if (did !== undefined && did !== place.did) return undefined
    if (times !== undefined && this.#hits >= times) return undefined
    if (this.#chances++ < (after ?? 0)) return undefined
    if (chance !== undefined && !this.#random.chance(chance)) return undefined
    const result = strike()
    if (result === undefined) return undefined
    this.#hits++
    for (const look of this.#waiting) look()
    return result
  }
}

const SUBSCRIBE = 'com.atproto.sync.subscribeRepos'
const GET_REPO = 'com.atproto.sync.getRepo'

/** The faults of a network: what is switched on, and how often each struck. */
export class Faults {
  readonly #random: Random
  readonly #active = new Set<ActiveFault>()
  readonly #all: ActiveFault[] = []

  constructor(random: Random) {
    this.#random = random
  }

  /** Switches a fault on. Several may strike at once, in the order they were added. */
  add(fault: Fault, when: When = {}): ActiveFault {
    const random = this.#random.fork(`${this.#all.length}/${fault.name}`)
    const active = new ActiveFault(fault, when, random, (gone) => this.#active.delete(gone))
    this.#active.add(active)
    this.#all.push(active)
    return active
  }

  /** Switches everything off; the counts stay. */
  clear(): void {
    this.#active.clear()
  }

  /** Hits by name, also of faults that are off by now. */
  get hits(): ReadonlyMap<string, number> {
    const out = new Map<string, number>()
    for (const { name, hits } of this.#all) out.set(name, (out.get(name) ?? 0) + hits)
    return out
  }

  /** What `host` says instead of `event`. A relay (`passing`) spoils only what it was named for. */
  events(event: NetworkEvent, repo: TestRepo, host: string, passing = false): readonly NetworkEvent[] {
    let out: readonly NetworkEvent[] = [event]
    for (const active of this.#active) {
      const { fault, random } = active
      if (fault.event === undefined || (passing && active.host === null)) continue
      const place = { host, route: SUBSCRIBE, did: repo.did }
      out = out.flatMap((e) => active.attempt(place, () => fault.event?.(e, { repo, host, random })) ?? [e])
    }
    return out
  }

  frames(frame: Uint8Array, context: FrameContext): readonly SentFrame[] {
    let out: readonly SentFrame[] = [frame]
    for (const active of this.#active) {
      const { fault, random } = active
      if (fault.frame === undefined) continue
      const place = { host: context.host, route: SUBSCRIBE, did: context.event.did }
      out = out.flatMap((sent) =>
        sent instanceof Uint8Array
          ? (active.attempt(place, () => fault.frame?.(sent, { ...context, random })) ?? [sent])
          : [sent],
      )
    }
    return out
  }

  readonly middleware: Middleware = async (exchange, next) => {
    let answer = next
    for (const active of this.#active) {
      const { fault, random } = active
      if (fault.http === undefined) continue
      const place = { host: exchange.host, route: exchange.nsid, did: exchange.did }
      const inner = answer
      answer = async () =>
        (await active.attempt(place, () => fault.http?.(exchange, inner, { random }))) ?? inner()
    }
    return answer()
  }

  cars(car: CarExport, repo: TestRepo, host: string): CarExport {
    let out = car
    for (const active of this.#active) {
      const { fault, random } = active
      if (fault.car === undefined) continue
      const place = { host, route: GET_REPO, did: repo.did }
      const inner = out
      out = active.attempt(place, () => fault.car?.(inner, { repo, host, random })) ?? out
    }
    return out
  }
}
