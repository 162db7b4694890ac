import { defineConfig } from 'vitest/config'
import { shared } from '../vitest.shared.js'

// One engine after the other: what is measured here are times, on as many processes as there are cores.
export default defineConfig({ ...shared, test: { ...shared.test, fileParallelism: false } })
