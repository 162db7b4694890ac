import { duration } from './option-kinds.js'

/** A lease must live through three polls and a few round trips, and fit into the 32 bits of its frame. */
const SHORTEST_MS = 100
export const LONGEST_LEASE_MS = 3_600_000
/** The longest time for which a deleted key can be kept out of the store. */
export const LONGEST_HOLD_MS = 3_600_000

/** One option, for a cache and for a route over it. In whole milliseconds, as in the frame. */
export const leaseOption = duration({ min: SHORTEST_MS, max: LONGEST_LEASE_MS }).to(Math.ceil)

/** How long nothing is stored under a key that was deleted. */
export const holdOffOption = duration({ max: LONGEST_HOLD_MS }).to(Math.ceil)
