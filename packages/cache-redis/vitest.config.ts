import { defineConfig } from 'vitest/config'
import { shared } from '../../vitest.shared.js'

// No more files at once than cores: nodes of a cluster that wait for one count as lost to each other.
export default defineConfig(shared)
