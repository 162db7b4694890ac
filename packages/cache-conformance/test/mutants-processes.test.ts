import { beforeAll, describe, it, vi } from 'vitest'
import { expectKilled, mutantsThatNeed, nameOf } from './mutants/run-mutant.js'

vi.setConfig({ testTimeout: 120_000, maxConcurrency: 3 })

// Two of them print, in this process too.
beforeAll(() => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
})

describe.concurrent('a store that is wrong among processes is found', () => {
  for (const mutant of mutantsThatNeed('processes')) it(nameOf(mutant), () => expectKilled(mutant))
})
