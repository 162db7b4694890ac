import type { Bug } from './planted.js'

/** What a process of a history does. All processes share the keys. */
export interface ClientTerms {
  readonly process: number
  readonly processes: number
  readonly url: string
  readonly prefix: string
  readonly forMs: number
  readonly loadMs: number
  readonly storeTimeout: string | { readonly read: number; readonly write: number }
  readonly near: boolean
  /** Whether values are also set. A set that is in doubt may be executed late, which no promise covers. */
  readonly sets: boolean
  readonly bug: Bug | undefined
}

/** How long versions of namespaces are held. */
export const TAG_HOLD_MS = 100
