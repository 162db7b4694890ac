import { beforeAll, describe, expect, it, vi } from 'vitest'
import { CASES } from '../src/cases/index.js'
import { PROMISES } from '../src/promises.js'
import { MUTANTS } from './mutants/index.js'
import type { Mutant } from './mutants/mutant.js'
import { expectKilled } from './mutants/run-mutant.js'

const inProcess = MUTANTS.filter(({ needs }) => needs === undefined || needs === 'nothing')
const behindAPort = MUTANTS.filter((mutant) => !inProcess.includes(mutant))

function name({ fault, killedBy }: Mutant): string {
  return `${fault}: killed by ${killedBy}`
}

// Two mutants print, here too.
beforeAll(() => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
})

describe('a wrong store is found by the case named for it, and by no more than half of the suite', () => {
  for (const mutant of inProcess) it(name(mutant), { timeout: 60_000 }, () => expectKilled(mutant))
})

describe.concurrent('a store that is wrong among processes or when its server fails is found', () => {
  for (const mutant of behindAPort) it(name(mutant), { timeout: 120_000 }, () => expectKilled(mutant))
})

describe('the mutants', () => {
  it('name cases that exist', () => {
    const ids = CASES.map(({ id }) => id)
    for (const { killedBy } of MUTANTS) expect(ids).toContain(killedBy)
  })

  it('cover every promise', () => {
    const killers = new Set(MUTANTS.map(({ killedBy }) => CASES.find(({ id }) => id === killedBy)?.promise))
    expect(PROMISES.filter(({ id }) => !killers.has(id))).toEqual([])
  })

  it('have names of their own', () => {
    expect(new Set(MUTANTS.map(({ fault }) => fault)).size).toBe(MUTANTS.length)
  })
})

describe('the cases', () => {
  it('have ids of their own', () => {
    expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length)
  })
})
