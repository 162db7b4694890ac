import { describe, expect, it } from 'vitest'
import { summarize, summaryLines, type TestRun } from '../test-summary.mjs'

const run = (change: Partial<TestRun> = {}): TestRun => ({
  name: '@tiercel/cache-redis',
  exitCode: 0,
  hasTestFiles: true,
  results: { passed: 3, failures: [], skips: [] },
  skippedServers: [],
  ...change,
})

const lastLine = (...runs: TestRun[]): string | undefined => summaryLines(summarize(runs, [], { ci: false })).at(-1)

describe('the last line', () => {
  it('adds up the packages', () => {
    expect(lastLine(run(), run({ name: 'core' }))).toBe('6 passed, 0 failed')
  })

  it('names the skipped only where there are some', () => {
    const results = { passed: 1, failures: [], skips: [{ name: 'a > b', reason: 'no bus' }] }
    expect(lastLine(run({ results }))).toBe('1 passed, 0 failed, 1 skipped')
  })

  it('counts checks, builds and servers that failed', () => {
    const summary = summarize([run()], [{ name: 'check: types', message: 'see above' }], { ci: false })
    expect(summaryLines(summary).slice(-4)).toEqual(['Failed:', '  check: types: see above', '', '3 passed, 1 failed'])
  })
})

describe('a package fails', () => {
  const failuresOf = (change: Partial<TestRun>) => summarize([run(change)], [], { ci: false }).failures

  it('with each failed test, by name', () => {
    const results = {
      passed: 0,
      failures: [{ name: 'lease.test.ts > a delete wins', message: 'expected 1' }],
      skips: [],
    }
    expect(failuresOf({ exitCode: 1, results })).toEqual([
      { name: '@tiercel/cache-redis: lease.test.ts > a delete wins', message: 'expected 1' },
    ])
  })

  it('when it has test files and left no results', () => {
    expect(failuresOf({ results: undefined })[0]?.message).toMatch(/left no results/)
  })

  it('when it has test files and no test ran', () => {
    expect(failuresOf({ results: { passed: 0, failures: [], skips: [] } })[0]?.message).toMatch(/left no results/)
  })

  it('when its runner failed though no test did', () => {
    expect(failuresOf({ exitCode: 137 })[0]?.message).toBe('ended with exit code 137')
  })

  it('when it was not started', () => {
    expect(failuresOf({ exitCode: undefined, results: undefined })[0]?.message).toMatch(/was not run/)
  })

  it('but not for having no tests yet', () => {
    expect(failuresOf({ hasTestFiles: false, results: undefined })).toEqual([])
  })
})

describe('a server that could not be started', () => {
  const skippedServers = [{ engine: 'redis', reason: 'no root to install it' }]
  const results = { passed: 1, failures: [], skips: [{ name: 'store.test.ts > get', reason: undefined }] }

  it('is skipped with its reason, and so are the tests that needed it', () => {
    const summary = summarize([run({ skippedServers, results })], [], { ci: false })
    expect(summary.failures).toEqual([])
    expect(summaryLines(summary).slice(1, -2)).toEqual([
      'Skipped:',
      '  @tiercel/cache-redis, no root to install it:',
      '    redis server',
      '  @tiercel/cache-redis, no redis server:',
      '    store.test.ts > get',
    ])
  })

  it('is a failure in CI', () => {
    const summary = summarize([run({ skippedServers })], [], { ci: true })
    expect(summary.failures).toEqual([
      { name: '@tiercel/cache-redis: redis server', message: 'could not be started: no root to install it' },
    ])
  })
})
