import { defineConfig } from 'vitest/config'
import { shared } from '../../vitest.shared.js'

/**
 * Files that want a process of their own: one that replaces a module, those that measure the memory of the process, and
 * those that explore interleavings, which are fastest on a fresh heap. All others share one process a core: loading every
 * framework anew takes longer than their tests.
 */
const ALONE = [
  'test/data/a-day-of-use.test.ts',
  'test/entry/frame-layout.test.ts',
  'test/protocol/hostile-bus.test.ts',
  'test/protocol/interleaving/*.test.ts',
]

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    projects: [
      // Vitest takes projects in the order of their names: the longest files come first.
      { ...shared, test: { ...shared.test, name: 'alone', include: ALONE } },
      { ...shared, test: { ...shared.test, name: 'together', isolate: false, exclude: ALONE } },
    ],
  },
})
