import { bytes } from './values.js'

/** By path: `/1` is 1 KiB. */
const bodies = new Map([1, 20, 200].map((kib) => [`/${kib}`, bytes(kib * 1_024)]))

let runs = 0

/** How often a handler has run so far: a hit runs none. */
export function runsSoFar(): number {
  return runs
}

/** For the handler of a request. */
export function bodyOf(path: string | undefined): Buffer {
  runs++
  return bodies.get(path ?? '') ?? Buffer.alloc(0)
}

export function allBodies(): ReadonlyMap<string, Buffer> {
  return bodies
}

/** What a hit sends beside the handler's own field, so that all send the same. */
export const HIT_FIELDS = ['ETag', `"${'a'.repeat(27)}"`, 'Age', '1', 'Cache-Status', 'tiercel; hit; ttl=3599']

/** The same as a record. */
export const HIT_RECORD = Object.fromEntries(
  Array.from({ length: HIT_FIELDS.length / 2 }, (_, index) => HIT_FIELDS.slice(2 * index, 2 * index + 2)),
) as Record<string, string>
