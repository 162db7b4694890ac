import { expect, it } from 'vitest'
import { turboRuns } from '../turbo-runs.mjs'
import { workspacePackages } from '../workspace.mjs'

/** What follows `--filter=` in a run. */
function filters(run: readonly string[] = []): string[] {
  return run.filter((argument) => argument.startsWith('--filter=')).map((argument) => argument.slice(9))
}

it('every package is in one run: what waits for servers after all else, what measures time by itself', () => {
  const [busy, waiting, alone, ...others] = turboRuns(['test', 'test:tools'], [])
  expect(others).toEqual([])
  expect(busy).toEqual(expect.arrayContaining(['test', 'test:tools', '--concurrency=2']))
  expect(waiting).toEqual(expect.arrayContaining(['test', 'test:tools', '--concurrency=2']))
  expect(alone).toEqual(expect.arrayContaining(['test', 'test:tools', '--concurrency=1']))
  expect(filters(busy)).toEqual([...filters(waiting), ...filters(alone)].map((name) => `!${name}`))
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
  expect(turboRuns(['test'], ['--force']).map((run) => run.at(-1))).toEqual(['--force', '--force', '--force'])
})
