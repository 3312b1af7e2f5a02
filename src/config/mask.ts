import { maskDeep } from '../observe/mask.ts'
import type { ResolvedConfig } from './types.ts'

/** The config as it may be printed: passwords in URLs and secret options read `***`. */
export function maskSecrets(config: ResolvedConfig): ResolvedConfig {
  return maskDeep(config) as ResolvedConfig
}
