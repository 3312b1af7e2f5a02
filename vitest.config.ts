import { defineConfig } from 'vitest/config'

/** `npm run test:soak`: the long tests, and only those. */
const soak = process.env.SOAK === '1'

const config: ReturnType<typeof defineConfig> = defineConfig({
  // Not 'import': it would hold for `require` too, and pg would get the wrong half of pg-pool.
  resolve: { conditions: ['lextap-source', 'node'] },
  ssr: { resolve: { conditions: ['lextap-source', 'node'] } },
  test: {
    include: soak ? ['test/soak/**/*.test.ts'] : ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: soak ? ['node_modules/**'] : ['test/soak/**', 'node_modules/**'],
    testTimeout: soak ? 0 : 120_000,
    hookTimeout: 60_000,
    // A loaded machine is no failure.
    expect: { poll: { timeout: 30_000, interval: 20 } },
    globalSetup: 'test/support/shared-postgres.ts',
    pool: 'forks',
    maxWorkers: 2,
  },
})

export default config
