import { expect, it } from 'vitest'
import { turboRuns } from '../turbo-runs.mjs'
import { workspacePackages } from '../workspace.mjs'

/** What follows `--filter=` in a run. */
function filters(run: readonly string[] = []): string[] {
  return run.filter((argument) => argument.startsWith('--filter=')).map((argument) => argument.slice(9))
}

it('every package is in one run, what waits for servers after all else', () => {
  const [busy, ...waiting] = turboRuns(['test', 'test:tools'], [])
  for (const run of [busy, ...waiting]) {
    expect(run?.slice(0, 3)).toEqual(['test', 'test:tools', expect.stringMatching(/^--concurrency=[23]$/)])
  }
  const named = waiting.flatMap(filters)
  expect(new Set(named).size).toBe(named.length)
  expect(filters(busy)).toEqual(named.map((name) => `!${name}`))
})

it('the packages that it names are there', () => {
  const names = workspacePackages().map(({ manifest }) => manifest.name)
  const [, ...named] = turboRuns(['test'], [])
  expect(names).toEqual(expect.arrayContaining(named.flatMap(filters)))
})

it.each(['--filter=@tiercel/cache-redis', '--filter', '-F', '--affected'])('with %s it is one run', (wish) => {
  expect(turboRuns(['test'], [wish])).toEqual([['test', '--concurrency=1', wish]])
})

it('other wishes hold in every run', () => {
  expect(new Set(turboRuns(['test'], ['--force']).map((run) => run.at(-1)))).toEqual(new Set(['--force']))
})
