import { describe, expect, it, vi } from 'vitest'
import { CASES } from '../src/cases/index.js'
import { PROMISES } from '../src/promises.js'
import { MUTANTS } from './mutants/index.js'
import { expectKilled, mutantsThatNeed, nameOf } from './mutants/run-mutant.js'

// They wait a little each, and some hang.
vi.setConfig({ testTimeout: 60_000, maxConcurrency: 8 })

describe.concurrent('a wrong store is found by the case named for it, and by no more than half of the suite', () => {
  for (const mutant of mutantsThatNeed('nothing')) it(nameOf(mutant), () => expectKilled(mutant))
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
