import type { HistoryEvent } from './events.js'
import type { ClientTerms } from './terms.js'

/** To a process: play a part, or the source's answer. */
export type Order = { readonly play: ClientTerms } | { readonly question: number; readonly version: number }

/** From a process: that it is ready, a question to the source, or what it has seen. */
export type Report =
  | { readonly started: true }
  | { readonly question: number; readonly key: string; readonly change: boolean }
  | { readonly events: readonly HistoryEvent[]; readonly errors: readonly string[] }
