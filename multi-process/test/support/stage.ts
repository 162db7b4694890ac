import type { CacheProcess, CacheProcessOptions } from './cache-process.js'
import type { Database } from './database.js'

/** What a scenario plays on. */
export interface Stage {
  readonly database: Database
  /** Four processes whose patience with the store is long: two busy cores are not mistaken for a dead store. */
  readonly crew: readonly CacheProcess[]
  /** Further processes on the same store and prefix. Whoever starts them stops them. */
  start(count: number, options: StartOptions): Promise<CacheProcess[]>
}

export interface StartOptions {
  readonly storeTimeout: CacheProcessOptions['storeTimeout']
  /** Another way to the same store. */
  readonly url?: string
}

export const PATIENT: StartOptions = { storeTimeout: '10s' }
