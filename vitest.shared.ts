import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { ViteUserConfig } from 'vitest/config'

/** What every package's vitest shares: live sources across packages, and results that the root runner adds up. */
export const shared: ViteUserConfig = {
  resolve: { conditions: ['@tiercel/source'] },
  ssr: { resolve: { conditions: ['@tiercel/source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', fileURLToPath(new URL('tools/vitest-results.mjs', import.meta.url))],
    // A package may have no test yet. One that has test files and no results is caught by the root runner.
    passWithNoTests: true,
    // Vitest leaves one core to itself. Its own work is little, and on two cores one file at a time would run.
    maxWorkers: '100%',
    // No test is to fail because the machine is slow: what hangs is found out late, what is slow ends.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What a test waits for is there at once as a rule. Vitest looks every 50 ms, and for a second at the longest.
    expect: { poll: { interval: 5, timeout: 20_000 } },
  },
}

/** For packages whose tests wait for servers most of the time: two files a core keep it busy. */
export const TWO_FILES_A_CORE = 2 * availableParallelism()
