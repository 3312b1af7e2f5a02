import type { TapConfig } from './types.ts'

export type { InvalidPolicy, LogLevel, TapConfig } from './types.ts'

/** Types a config file for the editor; gives back what it got. Importing it loads nothing else. */
export function defineConfig(config: TapConfig): TapConfig {
  return config
}
