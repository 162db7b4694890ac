import { defineConfig } from 'vitest/config'
import { shared } from '../vitest.shared.js'

// One run after the other: the suite measures freshness in seconds, and must not wait for a core.
export default defineConfig({ ...shared, test: { ...shared.test, fileParallelism: false } })
