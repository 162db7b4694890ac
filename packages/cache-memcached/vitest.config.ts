import { defineConfig } from 'vitest/config'
import { shared, TWO_FILES_A_CORE } from '../../vitest.shared.js'

export default defineConfig({ ...shared, test: { ...shared.test, maxWorkers: TWO_FILES_A_CORE } })
