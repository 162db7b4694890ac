import { defineConfig } from 'vitest/config'
import { shared } from '../vitest.shared.js'

// One framework after the other: an exchange that hangs is told by a deadline, and must not wait for a core. In one
// process: loading all frameworks anew would cost seconds a file.
export default defineConfig({ ...shared, test: { ...shared.test, isolate: false, fileParallelism: false } })
