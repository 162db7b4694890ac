import type { CacheProcess, CacheProcessOptions } from './cache-process.js'
import type { Database } from './database.js'

/** What a scenario plays on. */
export interface Stage {
  readonly database: Database
  /** Four processes with a long patience for the store, so that two busy cores are not mistaken for a dead store. */
  readonly crew: readonly CacheProcess[]
  /** Starts further processes on the same store and prefix. The caller stops them. */
  start(count: number, options: StartOptions): Promise<CacheProcess[]>
}

export interface StartOptions {
  readonly storeTimeout: CacheProcessOptions['storeTimeout']
  /** Another URL of the same store. */
  readonly url?: string
}

export const PATIENT: StartOptions = { storeTimeout: '10s' }
