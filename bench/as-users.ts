import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const here = import.meta.dirname

/** Node's options for a process that is to be measured as users run us, see `built.ts`. Builds when a source is newer. */
export function asUsers(): string[] {
  execFileSync(process.execPath, [resolve(here, '../.ci/build.mjs')], { stdio: ['ignore', 2, 2] })
  return ['--import', pathToFileURL(resolve(here, 'built.ts')).href]
}
