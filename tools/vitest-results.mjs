// The vitest reporter behind `npm test`: writes test-results/results.json in the package, and tools/test.mjs adds them
// up. Vitest's own JSON reporter leaves out why a test was skipped, errors outside of tests, and files that failed to
// load.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/**
 * @typedef {{ name: string, message: string }} Failure
 * @typedef {{ name: string, reason: string | undefined }} Skip
 * @typedef {{ passed: number, failures: Failure[], skips: Skip[] }} Results
 */

export default class ResultsReporter {
  /** @type {import('vitest/node').Vitest | undefined} */
  #vitest

  /** @param {import('vitest/node').Vitest} vitest */
  onInit(vitest) {
    this.#vitest = vitest
  }

  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly { message: string }[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const root = this.#vitest?.config.root ?? process.cwd()
    /** @type {Results} */
    const results = { passed: 0, failures: [], skips: [] }
    for (const module of modules) {
      const file = relative(root, module.moduleId)
      addErrors(results, file, module.errors())
      for (const suite of module.children.allSuites()) addErrors(results, `${file} > ${suite.fullName}`, suite.errors())
      for (const test of module.children.allTests()) addTest(results, file, test)
    }
    addErrors(results, 'unhandled error', unhandledErrors)

    const folder = join(root, 'test-results')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'results.json'), `${JSON.stringify(results, null, 2)}\n`)
  }
}

/**
 * @param {Results} results
 * @param {string} name
 * @param {readonly { message: string }[]} errors
 */
function addErrors(results, name, errors) {
  for (const error of errors) results.failures.push({ name, message: error.message })
}

/**
 * @param {Results} results
 * @param {string} file
 * @param {import('vitest/node').TestCase} test
 */
function addTest(results, file, test) {
  const name = `${file} > ${test.fullName}`
  const result = test.result()
  if (result.state === 'passed') results.passed += 1
  else if (result.state === 'skipped') results.skips.push({ name, reason: result.note })
  // A test that is still pending at the end of the run has no result, which is not a success.
  else results.failures.push({ name, message: result.errors?.[0]?.message ?? 'did not finish' })
}
