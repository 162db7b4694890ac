/** `--quick` measures shorter, for a first look: the spread grows. */
const quick = process.argv.includes('--quick')

/** Rounds that count. Each measures every contender once. */
export const ROUNDS = quick ? 7 : 11
/** How long one contender is measured in one round. */
export const SLICE_MS = quick ? 80 : 200
