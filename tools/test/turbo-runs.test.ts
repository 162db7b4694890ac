import { expect, it } from 'vitest'
import { turboRuns } from '../turbo-runs.mjs'
import { workspacePackages } from '../workspace.mjs'

/** What follows `--filter=` in a run. */
function filters(run: readonly string[] = []): string[] {
  return run.filter((argument) => argument.startsWith('--filter=')).map((argument) => argument.slice(9))
}

it('every package is in one run, what waits for servers after all else', () => {
  const [busy, ...waiting] = turboRuns(['test', 'test:tools'], []).map((lanes) => lanes.flat())
  expect(busy).toHaveLength(1)
  const named = waiting.flat().flatMap(filters)
  expect(new Set(named).size).toBe(named.length)
  expect(filters(busy?.[0])).toEqual(named.map((name) => `!${name}`))
  for (const run of [busy, ...waiting].flatMap((runs) => runs ?? [])) {
    expect(run.slice(0, 3)).toEqual(['test', 'test:tools', expect.stringMatching(/^--concurrency=[123]$/)])
  }
})

it('no more than two packages at once where servers have deadlines', () => {
  const [, lanes] = turboRuns(['test'], [])
  expect(lanes).toHaveLength(2)
  for (const run of lanes?.flat() ?? []) expect(run).toContain('--concurrency=1')
})

it('the packages that it names are there', () => {
  const names = workspacePackages().map(({ manifest }) => manifest.name)
  const [, ...named] = turboRuns(['test'], []).map((lanes) => lanes.flat())
  expect(names).toEqual(expect.arrayContaining(named.flat().flatMap(filters)))
})

it.each(['--filter=@tiercel/cache-redis', '--filter', '-F', '--affected'])('with %s it is one run', (wish) => {
  expect(turboRuns(['test'], [wish])).toEqual([[[['test', '--concurrency=1', wish]]]])
})

it('other wishes hold in every run', () => {
  expect(
    new Set(
      turboRuns(['test'], ['--force'])
        .flat(2)
        .map((run) => run.at(-1)),
    ),
  ).toEqual(new Set(['--force']))
})
