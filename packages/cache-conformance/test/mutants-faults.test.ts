import { describe, it, vi } from 'vitest'
import { expectKilled, mutantsThatNeed, nameOf } from './mutants/run-mutant.js'

// They wait, mostly. More of them would slow each other, and one of them takes slow for frozen.
vi.setConfig({ testTimeout: 120_000, maxConcurrency: 6 })

describe.concurrent('a store that is wrong when its server fails is found', () => {
  for (const mutant of mutantsThatNeed('faults')) it(nameOf(mutant), () => expectKilled(mutant))
})
