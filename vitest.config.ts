import { defineConfig } from 'vitest/config'
import { shared } from './vitest.shared.js'

/** The repository's own tools. Every package has its tests and its configuration in its own folder. */
export default defineConfig({ ...shared, test: { ...shared.test, include: ['tools/test/**/*.test.ts'] } })
