import type { JetstreamFeed, TapConfig, TapFeed } from './types.ts'

export type { FeedSource, InvalidPolicy, JetstreamFeed, LogLevel, TapConfig, TapFeed } from './types.ts'

/** Types a config file for the editor; gives back what it got. Importing it loads nothing else. */
export function defineConfig(config: TapConfig): TapConfig {
  return config
}

/**
 * For the option `source`: consume a running Tap at `http(s)://…`. It verifies and backfills, and we tell it whom
 * to follow. Events are acked once their effects are committed. Handlers see `event.source === 'tap'`.
 */
export function tap(url: string, options: { password?: string } = {}): TapFeed {
  return { kind: 'tap', url, ...options }
}

/**
 * For the option `source`: consume a Jetstream at `wss://…`. There is no history in it, and nothing in it is
 * verified. Handlers see `event.source === 'jetstream'`.
 */
export function jetstream(url: string): JetstreamFeed {
  return { kind: 'jetstream', url }
}
