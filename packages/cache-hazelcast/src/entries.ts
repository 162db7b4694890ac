import type { IMap } from 'hazelcast-client'

/** The map's entries: a stamp (`VersionStamps`) and the value's bytes. */
export type Entries = IMap<string, Buffer>

/**
 * The map cuts the end of a lifetime to a whole second of the member's clock, so an entry lives up to one second less
 * than was asked for (measured: 96 to 1003 ms for 1000). A second more is asked for, then.
 */
export const TTL_RESOLUTION_MS = 1_000

/** In Hazelcast's terms: 0 is for ever. (A lifetime left out would be the map's own.) */
export function engineTtl(ttlMs: number | undefined): number {
  return ttlMs === undefined ? 0 : ttlMs + TTL_RESOLUTION_MS
}
