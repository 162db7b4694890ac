import { defineConfig } from 'vitest/config'
import { shared } from '../vitest.shared.js'

/** Next changes the process that loads it: its clock, its random numbers, and the environment of others. */
const ALONE = ['test/next.test.ts']

// One framework after another: an exchange that hangs is detected by a deadline, so it must not wait for a core. In one
// process: loading all frameworks again would cost seconds a file.
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
