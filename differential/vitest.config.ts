import { defineConfig } from 'vitest/config'
import { shared } from '../vitest.shared.js'

/** Next changes the process that loads it: its clock, its random numbers and the environment of others. */
const ALONE = ['test/next.test.ts']

// One framework after the other: an exchange that hangs is told by a deadline, and must not wait for a core. In one
// process: loading all frameworks anew would cost seconds a file.
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    maxWorkers: 1,
    projects: [
      { ...shared, test: { ...shared.test, name: 'alone', include: ALONE, maxWorkers: 1 } },
      { ...shared, test: { ...shared.test, name: 'together', isolate: false, exclude: ALONE, maxWorkers: 1 } },
    ],
  },
})
