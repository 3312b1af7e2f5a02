// Everything `npm test` checks, one after another; all run even when one fails. Arguments go to vitest,
// which then runs alone: `npm test -- src/config`. `--soak` runs the long tests instead.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const bin = join(root, 'node_modules/.bin')
const report = join(root, '.vitest-results.json')
const soak = process.argv.includes('--soak')
const rest = process.argv.slice(2).filter((arg) => arg !== '--soak')
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, ...(soak ? { SOAK: '1' } : {}) }

const source = ['node', '--conditions=lextap-source', 'src/cli/main.ts']
const checks = [
  ['format and lint', ['biome', 'check', '--error-on-warnings']],
  ['types', ['tsc', '-p', '.']],
  ['build', ['node', '.ci/build.mjs']],
  ['generated code', [...source, 'codegen', '--check']],
]
const run = ([file, ...args]) => spawnSync(file, args, { cwd: root, env, stdio: 'inherit' }).status === 0

const failed = []
for (const [name, command] of soak || rest.length > 0 ? [] : checks) {
  console.log(`\n> ${name}: ${command.join(' ')}`)
  if (!run(command)) failed.push(name)
}
rmSync(report, { force: true })
const vitest = [
  'vitest',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...rest,
]
console.log(`\n> tests: ${vitest.join(' ')}`)
const green = run(vitest)
const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null
// A file that does not even load has no failed tests, and failed all the same.
const isDumb = (file) =>
  file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')
const failures = (results?.numFailedTests ?? 0) + (results?.testResults ?? []).filter(isDumb).length
if (!green && failures === 0) failed.push('tests')
const ran = soak || rest.length > 0 ? 0 : checks.length
const count = {
  passed: (results?.numPassedTests ?? 0) + ran - failed.filter((name) => name !== 'tests').length,
  failed: failures + failed.length,
  skipped: (results?.numPendingTests ?? 0) + (results?.numTodoTests ?? 0),
}
writeFileSync(
  report,
  JSON.stringify({ ...count, failedChecks: failed, ...(results === null ? {} : { results }) }),
)
for (const name of failed) console.error(`failed: ${name}`)
process.exitCode = count.failed === 0 ? 0 : 1
