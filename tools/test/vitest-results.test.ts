import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { Results } from '../vitest-results.mjs'
import { Repository } from './repository.js'

const VITEST = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const REPORTER = fileURLToPath(new URL('../vitest-results.mjs', import.meta.url))

const repository = new Repository()

/** What the reporter writes about one test file, run by a vitest of its own. */
function resultsOf(text: string): Results {
  repository.write('a.test.js', text)
  spawnSync(process.execPath, [VITEST, 'run', '--globals', `--root=${repository.root}`, `--reporter=${REPORTER}`])
  return JSON.parse(repository.read('test-results/results.json'))
}

it('counts what passed and names what failed', () => {
  expect(
    resultsOf(`describe('get', () => {
      it('hits', () => {})
      it('misses', () => { throw new Error('found it') })
    })`),
  ).toEqual({ passed: 1, failures: [{ name: 'a.test.js > get > misses', message: 'found it' }], skips: [] })
})

it('keeps the reason of what was skipped', () => {
  expect(resultsOf(`it('hears', ({ skip }) => skip('no bus'))`)).toEqual({
    passed: 0,
    failures: [],
    skips: [{ name: 'a.test.js > hears', reason: 'no bus' }],
  })
})

it('counts a file that cannot be loaded as a failure', () => {
  expect(resultsOf(`import './missing.js'`).failures).toEqual([
    { name: 'a.test.js', message: expect.stringContaining('missing.js') },
  ])
})

it('counts a hook that fails', () => {
  expect(
    resultsOf(`describe('server', () => {
      beforeAll(() => { throw new Error('no port') })
      it('answers', () => {})
    })`).failures,
  ).toEqual([{ name: 'a.test.js > server', message: 'no port' }])
})

it('counts an error outside of every test', () => {
  const results = resultsOf(`it('passes', async () => {
    Promise.reject(new Error('nobody listens'))
    await new Promise((resolve) => setTimeout(resolve, 20))
  })`)
  expect(results).toMatchObject({ passed: 1, failures: [{ name: 'unhandled error', message: 'nobody listens' }] })
})
