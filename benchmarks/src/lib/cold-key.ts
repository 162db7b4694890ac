/** Callers in each process. */
export const CALLERS = 250
/** How long a load takes: a slow query's time. */
export const LOAD_MS = 100

/** What a process is told: to ask for a key that nobody has asked for before. */
export interface Order {
  readonly way: 'getOrSet' | 'singleFlight' | 'readThrough'
  readonly key: string
}
