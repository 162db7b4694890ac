/** Default for what a caller waits for before its load: a read, a claim. */
export const READ_TIMEOUT_MS = 50
/** Default for writes. One that is given up may have happened, and has to be undone later. */
export const WRITE_TIMEOUT_MS = 200
/** A purge walks all keys of a prefix. */
export const PURGE_TIMEOUT_MS = 60_000
/** How long an orderly end may take before pending operations are failed. */
export const CLOSE_TIMEOUT_MS = 2_000
