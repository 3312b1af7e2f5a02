// Installs the dependencies when they are missing or older than the lock file. Runs on any Node from 18 on,
// before anything is installed: the `node` package among them brings the Node the other scripts run on.
'use strict'
const { existsSync, statSync, utimesSync } = require('node:fs')
const { spawnSync } = require('node:child_process')
const { join } = require('node:path')

const root = join(__dirname, '..')
const lock = join(root, 'package-lock.json')
const installed = join(root, 'node_modules', '.package-lock.json')
const isFresh = existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs

/** @returns {number} its exit code */
function npm(...args) {
  const cli = process.env.npm_execpath
  const [file, argv] = cli?.endsWith('.js') ? [process.execPath, [cli, ...args]] : ['npm', args]
  const shell = file === 'npm' && process.platform === 'win32'
  // Warnings alone would fill the screen: each package that wants a newer Node than the one that runs npm says so,
  // and the scripts run on the `node` package.
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  return spawnSync(file, [...argv, ...quiet], { cwd: root, stdio: ['ignore', 2, 2], shell }).status ?? 1
}

if (!isFresh) {
  const isFirst = !existsSync(installed)
  console.error(
    isFirst ? 'installing the dependencies' : 'package-lock.json is newer than what is installed: installing',
  )
  // Not every registry has every platform's build of every package: what `ci` refuses, `install` sorts out.
  const code = isFirst && npm('ci') === 0 ? 0 : npm('install')
  if (code !== 0) process.exit(code)
  const now = new Date()
  if (existsSync(installed)) utimesSync(installed, now, now)
}
