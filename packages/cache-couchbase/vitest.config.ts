import { defineConfig, mergeConfig } from 'vitest/config'
import { shared } from '../../vitest.shared.js'

export default mergeConfig(
  defineConfig(shared),
  defineConfig({ test: { globalSetup: ['test/support/shared-mock.ts'] } }),
)
