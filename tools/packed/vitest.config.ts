import { defineConfig } from 'vitest/config'
import { shared } from '../../vitest.shared.js'

export default defineConfig({
  ...shared,
  test: { ...shared.test, globalSetup: 'test/support/pack-packages.ts', testTimeout: 60_000 },
})
