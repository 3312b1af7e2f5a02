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

if (!isFresh) {
  // Not `npm ci`: it refuses where a registry does not carry every platform's optional packages.
  const state = existsSync(installed) ? 'older than package-lock.json' : 'not installed'
  console.error(`npm install: the dependencies are ${state}`)
  const npm = process.env.npm_execpath
  const args = ['install', '--no-audit', '--no-fund']
  const [file, argv] = npm?.endsWith('.js') ? [process.execPath, [npm, ...args]] : ['npm', args]
  const { status } = spawnSync(file, argv, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: file === 'npm' && process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
  const now = new Date()
  if (existsSync(installed)) utimesSync(installed, now, now)
}
