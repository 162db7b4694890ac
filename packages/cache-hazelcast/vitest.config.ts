import { defineConfig, mergeConfig } from 'vitest/config'
import { shared } from '../../vitest.shared.js'

export default mergeConfig(
  defineConfig(shared),
  defineConfig({
    test: {
      globalSetup: ['test/support/shared-cluster.ts'],
      // Members are Java machines: one file at a time, or they starve each other.
      fileParallelism: false,
    },
  }),
)
