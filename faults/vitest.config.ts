import { defineConfig } from 'vitest/config'
import { shared } from '../vitest.shared.js'

// Scenarios wait most of their time: several at once, and one file after the other, so that two cores are enough.
export default defineConfig({ ...shared, test: { ...shared.test, fileParallelism: false, maxConcurrency: 8 } })
