import type { Metrics } from '../observe/metrics.ts'
import type { Meta } from './meta.ts'

/** What was refused, by rule or reason: since the database was made, whatever process counted it. */
export interface RejectionCounts {
  /** Messages that broke a rule by themselves. */
  readonly invalid: Readonly<Record<string, number>>
  /** Valid ones that did not follow what we hold. */
  readonly discontinuous: Readonly<Record<string, number>>
  /** Commits accepted without Sync 1.1 proofs (rule B18). */
  readonly legacy: Readonly<Record<string, number>>
  /** Connections ended because the stream broke a rule. */
  readonly streams: Readonly<Record<string, number>>
  /** Repos that could not be fetched. */
  readonly fetches: Readonly<Record<string, number>>
  /** Records that broke the data model, their `$type` or their lexicon: `H3 skip` the rule and what became of them. */
  readonly records: Readonly<Record<string, number>>
}

type Kind = keyof RejectionCounts
type Labels = Readonly<Record<string, string>>

/** Counters that count rejections, and what each count is of; null for what is none. */
const SOURCES: Readonly<Record<string, (labels: Labels) => readonly [Kind, string] | null>> = {
  lextap_messages_total: ({ outcome, rule = '' }) =>
    outcome === 'invalid' || outcome === 'discontinuous' ? [outcome, rule] : null,
  lextap_legacy_commits_total: () => ['legacy', 'B18'],
  lextap_stream_broken_total: ({ rule = '' }) => ['streams', rule],
  lextap_resyncs_total: ({ outcome, reason = '' }) => (outcome === 'failed' ? ['fetches', reason] : null),
  lextap_invalid_records_total: ({ rule, policy }) => ['records', `${rule} ${policy}`],
}
const PREFIX = 'rejected/'

/** The counts of rejections, kept with the database so that `lextap status` can show them. */
export class Rejections {
  readonly #meta: Meta
  /** What was saved of this process's counts. */
  readonly #saved = new Map<string, number>()
  #saving: Promise<void> = Promise.resolve()

  constructor(meta: Meta) {
    this.#meta = meta
  }

  /** Adds what these metrics counted since the last time. Saves never overlap. */
  save(metrics: Metrics): Promise<void> {
    const run = this.#saving.then(() => this.#save(metrics))
    this.#saving = run.catch(() => {})
    return run
  }

  async #save(metrics: Metrics): Promise<void> {
    const counted = new Map<string, number>()
    for (const [name, meaning] of Object.entries(SOURCES)) {
      for (const { labels, value } of await metrics.values(name)) {
        const what = meaning(labels)
        if (what === null) continue
        const key = what.join('/')
        counted.set(key, (counted.get(key) ?? 0) + value)
      }
    }
    for (const [key, value] of counted) {
      const more = value - (this.#saved.get(key) ?? 0)
      if (more <= 0) continue
      await this.#meta.add(PREFIX + key, more)
      this.#saved.set(key, value)
    }
  }

  async counts(): Promise<RejectionCounts> {
    const counts = {
      invalid: {},
      discontinuous: {},
      legacy: {},
      streams: {},
      fetches: {},
      records: {},
    } as Record<Kind, Record<string, number>>
    for (const [key, value] of await this.#meta.list(PREFIX)) {
      const slash = key.indexOf('/')
      const kind = counts[key.slice(0, slash) as Kind]
      if (kind !== undefined) kind[key.slice(slash + 1)] = Number(value)
    }
    return counts
  }
}
