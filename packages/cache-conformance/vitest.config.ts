import { defineConfig } from 'vitest/config'
import { shared } from '../../vitest.shared.js'

/** Some of its mutants differ from a right store by how long they take: it runs when the others have ended. */
const MEASURES_TIME = 'test/mutants-faults.test.ts'

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    projects: [
      { ...shared, test: { ...shared.test, name: 'together', exclude: [MEASURES_TIME] } },
      { ...shared, test: { ...shared.test, name: 'alone', include: [MEASURES_TIME], sequence: { groupOrder: 1 } } },
    ],
  },
})
