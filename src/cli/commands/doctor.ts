import { existsSync } from 'node:fs'
import { styleText } from 'node:util'
import { Command } from 'commander'
import { loadConfig } from '../../config/load.ts'
import type { ResolvedConfig } from '../../config/types.ts'
import { Registry } from '../../dispatch/registry.ts'
import { loadHandlers } from '../../handlers.ts'
import { createObserver } from '../../observe/observer.ts'
import { XrpcClient } from '../../protocol/xrpc.ts'
import { advices, surveyMigrations } from '../../store/migration-survey.ts'
import { openStore } from '../../store/open.ts'
import { describeResult, generate } from '../codegen.ts'
import { type CommonOptions, withCommon, withJson } from '../options.ts'
import { printJson, printLine } from '../print.ts'

interface Finding {
  readonly check: string
  /** `slow` works, and could be better. */
  readonly verdict: 'ok' | 'slow' | 'wrong'
  readonly detail: string
}

type Check = (config: ResolvedConfig) => Promise<string | Omit<Finding, 'check'>>

const CHECKS: readonly (readonly [name: string, check: Check])[] = [
  ['signatures', checkSignatures],
  ['generated code', checkGenerated],
  ['handlers', checkHandlers],
  ['database', checkDatabase],
  ['PLC directory', checkPlc],
  ['relay', checkRelay],
]

const ANSWER_MS = 10_000

export function command(): Command {
  const doctor = new Command('doctor')
    .description('check everything lextap run needs: config, generated code, handlers, database, network')
    .action(run)
  return withJson(withCommon(doctor))
}

async function run(flags: CommonOptions & { json?: true }): Promise<void> {
  const file = flags.config === undefined ? {} : { file: flags.config }
  const { config, warnings } = await loadConfig(file)
  const findings: Finding[] = [
    { check: 'config', verdict: 'ok', detail: config.file ?? 'from the environment' },
  ]
  for (const detail of warnings) findings.push({ check: 'environment', verdict: 'slow', detail })
  findings.push(...(await Promise.all(CHECKS.map(([name, check]) => examine(name, check, config)))))
  if (flags.json) printJson(findings)
  else for (const finding of findings) printLine(describe(finding))
  if (findings.some((f) => f.verdict === 'wrong')) process.exitCode = 1
}

async function examine(name: string, check: Check, config: ResolvedConfig): Promise<Finding> {
  try {
    const found = await check(config)
    return { check: name, ...(typeof found === 'string' ? { verdict: 'ok', detail: found } : found) }
  } catch (error) {
    return { check: name, verdict: 'wrong', detail: error instanceof Error ? error.message : String(error) }
  }
}

const MARKS = { ok: ['green', 'ok'], slow: ['yellow', '!'], wrong: ['red', 'wrong'] } as const

function describe({ check, verdict, detail }: Finding): string {
  const [color, mark] = MARKS[verdict]
  const [first = '', ...rest] = detail.split('\n')
  const lines = [`${check.padEnd(16)}${first}`, ...rest.map((line) => `${' '.repeat(22)}${line}`)]
  return `${styleText(color, mark.padEnd(6), { stream: process.stdout })}${lines.join('\n')}`
}

async function checkSignatures(): Promise<Omit<Finding, 'check'>> {
  const { k256Backend } = await import('../../protocol/signature.ts')
  const at = `Node ${process.version}, K-256 by ${k256Backend}`
  if (k256Backend === 'libsecp256k1') return { verdict: 'ok', detail: at }
  return {
    verdict: 'slow',
    detail: `${at}: install the optional secp256k1 for live streams several times as fast`,
  }
}

async function checkGenerated(config: ResolvedConfig): Promise<string> {
  const result = await generate(config, true)
  const changes = result.written.length + result.removed.length
  if (changes > 0) throw new Error(`${changes} files are out of date; write them with: lextap codegen`)
  return describeResult(result, config)
}

async function checkHandlers(config: ResolvedConfig): Promise<string> {
  const { definitions, schemas } = await loadHandlers(config)
  const registry = new Registry(definitions, { schemas, collections: config.collections })
  return `${definitions.length} for ${registry.collections.join(', ')}`
}

async function checkDatabase(config: ResolvedConfig): ReturnType<Check> {
  const file = /^(?:sqlite|pglite):(\/.*)$/s.exec(config.database)?.[1]
  if (file !== undefined && !existsSync(file)) return `${file} is not there yet; lextap run makes it`
  const observer = createObserver({ level: 'silent' })
  await using store = await openStore(config.database, {
    observer,
    lock: false,
    readOnly: true,
    connections: 1,
  })
  const { total } = await store.repos.counts()
  const detail = `${store.url}, ${total} repos`
  if (config.migrations === null) return detail
  const migrations = await surveyMigrations(store.db, config.migrations)
  const wrong = advices(migrations)
  if (wrong.length === 0) return detail
  const verdict = migrations.every(({ problem }) => problem === null || problem === 'edited')
    ? 'slow'
    : 'wrong'
  return { verdict, detail: `${detail}; ${wrong.join('; ')}` }
}

function checkPlc(config: ResolvedConfig): Promise<string> {
  return ask(config, config.plc, '/_health')
}

/** Any answer of the server itself will do: not every relay has a health page. */
function checkRelay(config: ResolvedConfig): Promise<string> {
  return ask(config, config.upstream.lists, '/xrpc/com.atproto.sync.listRepos?limit=1')
}

async function ask(config: ResolvedConfig, host: string, path: string): Promise<string> {
  await using xrpc = new XrpcClient({
    allowPrivateHosts: config.backfill.allowPrivateHosts,
    trustedHosts: [host],
    timeoutMs: ANSWER_MS,
  })
  const before = performance.now()
  await xrpc.get(`${host}${path}`)
  return `${host} answers in ${Math.round(performance.now() - before)} ms`
}
