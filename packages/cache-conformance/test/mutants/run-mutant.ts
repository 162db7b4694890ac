import { expect } from 'vitest'
import { CASES } from '../../src/cases/index.js'
import type { Report } from '../../src/report/report.js'
import { type RunOptions, runCases } from '../../src/run-cases.js'
import { Engine } from '../support/engine.js'
import { LocalLink } from '../support/link.js'
import { WireLink } from '../support/wire-link.js'
import { WireServer } from '../support/wire-server.js'
import { MUTANTS } from './index.js'
import type { Mutant } from './mutant.js'

/** What hangs in a mutant is waited for: not long. */
const LIMITS = { clock: true, timeoutMs: 800, recoveryMs: 800, caseTimeoutMs: 10_000 } satisfies Partial<RunOptions>

/** Those mutants that need this around them. */
export function mutantsThatNeed(need: NonNullable<Mutant['needs']>): readonly Mutant[] {
  return MUTANTS.filter(({ needs = 'nothing' }) => needs === need)
}

/** What a test of it is called. */
export function nameOf({ fault, killedBy }: Mutant): string {
  return `${fault}: killed by ${killedBy}`
}

/** The case named for the mutant fails, and most others do not: the suite tells faults apart. */
export async function expectKilled(mutant: Mutant): Promise<void> {
  const report = await runAgainst(mutant)
  const failed = report.cases.filter(({ outcome }) => outcome === 'failed').map(({ id }) => id)
  expect(failed, 'cases that fail').toContain(mutant.killedBy)
  expect(failed.length, `of ${report.passed + report.failed} cases fail: ${failed.join(', ')}`).toBeLessThanOrEqual(
    (report.passed + report.failed) / 2,
  )
}

async function runAgainst(mutant: Mutant): Promise<Report> {
  if (mutant.needs === undefined || mutant.needs === 'nothing') {
    const link = new LocalLink(new Engine())
    return runCases({ ...LIMITS, create: ({ prefix, clock }) => mutant.make(link, prefix, clock) })
  }
  const server = await WireServer.start(mutant.makeEngine)
  const behind = (port: number): RunOptions['create'] => {
    return ({ prefix, clock }) => mutant.make(new WireLink(port), prefix, clock)
  }
  try {
    return await runCases({
      ...LIMITS,
      create: behind(server.port),
      ...(mutant.needs === 'faults'
        ? { faults: server, unreachable: behind(1) }
        : {
            // To start processes takes most of the time: of the cases that do, the one named.
            cases: CASES.filter(({ id, needs }) => id === mutant.killedBy || !needs?.includes('module')),
            unreachable: behind(1),
            module: new URL(
              `./module.ts?${new URLSearchParams({ fault: mutant.fault, port: String(server.port) })}`,
              import.meta.url,
            ),
            execArgv: ['--import', 'tsx', '--conditions=@tiercel/source'],
          }),
    })
  } finally {
    await server.kill()
  }
}
