#!/usr/bin/env node
// As a whole: an older Node, which is to read the sentence below, has no `enableCompileCache` to import.
import * as modules from 'node:module'

const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(`error: lextap needs Node 24 or later; this is ${process.version}`)
  process.exit(2)
}
modules.enableCompileCache()
// Whoever reads us may have seen enough: `lextap repos list | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
const { runCli } = await import('./program.ts')
process.exit(await runCli(process.argv.slice(2)))
