import type { ViteUserConfig } from 'vitest/config'

/** What every package's vitest shares: live sources across packages, and results that the root runner adds up. */
export const shared: ViteUserConfig = {
  resolve: { conditions: ['@tiercel/source'] },
  ssr: { resolve: { conditions: ['@tiercel/source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', ['json', { outputFile: 'test-results/vitest.json' }]],
    testTimeout: 20_000,
    hookTimeout: 120_000,
  },
}
