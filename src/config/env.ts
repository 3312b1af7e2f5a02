import { isSecret } from '../observe/mask.ts'
import { ENV_NAMES, type EnvName, OTHER_TAP_NAMES } from './env-names.ts'
import { didYouMean } from './nearest.ts'
import { show } from './problems.ts'

export type Env = Readonly<Record<string, string | undefined>>

/** What the environment says about the config. */
export interface EnvLayer {
  /** Option path → value; undefined takes the option back to its default. */
  readonly values: ReadonlyMap<string, unknown>
  /** Option path → the variable that set it. */
  readonly origins: ReadonlyMap<string, string>
  /** Values that mean nothing: the config cannot be used. */
  readonly problems: readonly string[]
  /** Names we do not know and names that contradict each other: said at start. */
  readonly warnings: readonly string[]
}

/** Reads the `TAP_*` names of Tap's README. An empty value counts as not set, as it does there. */
export function readEnv(env: Env): EnvLayer {
  const values = new Map<string, unknown>()
  const origins = new Map<string, string>()
  const problems: string[] = []
  for (const entry of ENV_NAMES) {
    const found = lookUp(entry, env)
    if (found === undefined) continue
    try {
      for (const [option, value] of entry.set(found.text)) {
        values.set(option, value)
        origins.set(option, found.name)
      }
    } catch {
      const value = isSecret(found.name) ? '***' : show(found.text)
      problems.push(`${found.name}: ${value} is not allowed; allowed: ${entry.allowed}`)
    }
  }
  return { values, origins, problems, warnings: [...unknownNames(env), ...contradictions(env)] }
}

function lookUp(entry: EnvName, env: Env): { name: string; text: string } | undefined {
  const name = [entry.name, ...(entry.aliases ?? [])].find((n) => (env[n]?.trim() ?? '') !== '')
  if (name === undefined) return undefined
  const text = env[name]?.trim() ?? ''
  // LOG_LEVEL belongs to many programs: a word that is not ours is none of our business.
  if (name === 'LOG_LEVEL' && !/^(trace|debug|info|warn|error|silent)$/i.test(text)) return undefined
  return { name, text }
}

function unknownNames(env: Env): string[] {
  const known = ENV_NAMES.map((e) => e.name)
  return Object.keys(env)
    .filter((n) => n.startsWith('TAP_') && !known.includes(n) && !OTHER_TAP_NAMES.includes(n))
    .sort()
    .map((n) => `${n}: there is no such variable, it is ignored${didYouMean(n, known)}`)
}

function contradictions(env: Env): string[] {
  const isSet = (name: string) => (env[name]?.trim() ?? '') !== ''
  const isTrue = (name: string) => /^(1|t|true)$/i.test(env[name]?.trim() ?? '')
  const found: string[] = []
  const say = (when: boolean, text: string) => when && found.push(text)
  say(
    isTrue('TAP_FULL_NETWORK') && isSet('TAP_SIGNAL_COLLECTION'),
    'TAP_SIGNAL_COLLECTION adds nothing beside TAP_FULL_NETWORK: every repo is followed; unset one of them',
  )
  say(
    isTrue('TAP_DISABLE_ACKS') && isSet('TAP_WEBHOOK_URL'),
    'TAP_DISABLE_ACKS changes nothing beside TAP_WEBHOOK_URL: webhooks are acked by their answer; unset one of them',
  )
  say(
    isTrue('TAP_FULL_NETWORK') && isTrue('TAP_NO_REPLAY'),
    'TAP_NO_REPLAY beside TAP_FULL_NETWORK, which Tap refuses: what is passed over at each start is only found when the revs of all repos are compared; unset it',
  )
  for (const name of ['TAP_FULL_NETWORK', 'TAP_SIGNAL_COLLECTION']) {
    say(
      isTrue('TAP_OUTBOX_ONLY') && (name === 'TAP_FULL_NETWORK' ? isTrue(name) : isSet(name)),
      `${name} does nothing beside TAP_OUTBOX_ONLY: no repos are looked for; unset one of them`,
    )
  }
  for (const { name, aliases = [] } of ENV_NAMES) {
    for (const alias of aliases) {
      const differ = isSet(name) && isSet(alias) && env[name]?.trim() !== env[alias]?.trim()
      say(differ && alias !== 'LOG_LEVEL', `${name} and ${alias} differ: ${name} wins`)
    }
  }
  return found
}
