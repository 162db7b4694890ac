import { expect, it } from 'vitest'
import { turboRuns } from '../turbo-runs.mjs'
import { workspacePackages } from '../workspace.mjs'

/** What follows `--filter=` in a run. */
function filters(run: readonly string[] = []): string[] {
  return run.filter((argument) => argument.startsWith('--filter=')).map((argument) => argument.slice(9))
}

it('every package is in one run: what measures time by itself, afterwards, all else side by side', () => {
  const [together, alone, ...others] = turboRuns(['test', 'test:tools'], [])
  expect(others).toEqual([])
  expect(together).toEqual(expect.arrayContaining(['test', 'test:tools', '--concurrency=2']))
  expect(alone).toEqual(expect.arrayContaining(['test', 'test:tools', '--concurrency=1']))
  expect(filters(together)).toEqual(filters(alone).map((name) => `!${name}`))
})

it('what measures time is there', () => {
  const names = workspacePackages().map(({ manifest }) => manifest.name)
  expect(names).toEqual(expect.arrayContaining(filters(turboRuns(['test'], [])[1])))
})

it.each(['--filter=@tiercel/cache-redis', '--filter', '-F', '--affected'])('with %s it is one run', (wish) => {
  expect(turboRuns(['test'], [wish])).toEqual([['test', '--concurrency=1', wish]])
})

it('other wishes hold in both runs', () => {
  expect(turboRuns(['test'], ['--force']).map((run) => run.at(-1))).toEqual(['--force', '--force'])
})
