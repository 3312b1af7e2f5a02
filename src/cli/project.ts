import { loadConfig } from '../config/load.ts'
import type { ResolvedConfig, TapConfig } from '../config/types.ts'
import { createObserver, type Observer } from '../observe/observer.ts'
import type { CommonOptions } from './options.ts'

export interface Project {
  readonly config: ResolvedConfig
  readonly observer: Observer
}

export interface OpenOptions {
  /** What the command itself decides, under the flags and over file and environment. */
  readonly overrides?: TapConfig
  /** Where logs go; default stderr. */
  readonly stream?: { write(line: string): void }
}

/** Loads the config of the project we are in, makes its observer and says what looks wrong in the environment. */
export async function openProject(flags: CommonOptions, options: OpenOptions = {}): Promise<Project> {
  const log = {
    ...options.overrides?.log,
    ...(flags.logLevel === undefined ? {} : { level: flags.logLevel }),
    ...(flags.logFormat === undefined ? {} : { format: flags.logFormat }),
  }
  const { config, warnings } = await loadConfig({
    ...(flags.config === undefined ? {} : { file: flags.config }),
    overrides: { ...options.overrides, log },
    interactive: process.stderr.isTTY === true,
  })
  const observer = createObserver({
    ...config.log,
    ...(options.stream === undefined ? {} : { stream: options.stream }),
  })
  for (const warning of warnings) observer.log.warn(warning)
  return { config, observer }
}
