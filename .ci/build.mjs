// Compiles src/ to dist/ when a source is newer than the last build.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const dist = join(root, 'dist')
const stamp = join(dist, '.built')

const inputs = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'src'].map((name) => join(root, name))
const newest = (path) =>
  statSync(path).isDirectory()
    ? Math.max(statSync(path).mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
    : statSync(path).mtimeMs

const isFresh = existsSync(stamp) && inputs.every((path) => newest(path) < statSync(stamp).mtimeMs)
if (!isFresh || process.argv.includes('--force')) {
  const started = new Date()
  rmSync(dist, { recursive: true, force: true })
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
  chmodSync(join(dist, 'cli/main.js'), 0o755)
  writeFileSync(stamp, `${started.toISOString()}\n`)
}
