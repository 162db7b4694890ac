import { defineConfig, mergeConfig } from 'vitest/config'
import { shared, TWO_FILES_A_CORE } from '../../vitest.shared.js'

export default mergeConfig(
  defineConfig(shared),
  defineConfig({ test: { globalSetup: ['test/support/shared-mock.ts'], maxWorkers: TWO_FILES_A_CORE } }),
)
