import type { Entries } from './entries.js'
import { incomparableError } from './errors.js'

/**
 * The map's `replaceIfSame`, but a `false` is checked. Stamps are unique, so the stored value shows what happened:
 * - The new value: it was written. After a write error the client repeats an invocation on another connection, and the
 *   second one conflicts with the first.
 * - The expected value, again after another try: this map does not compare stored bytes.
 * @param present The expected value; not a `Buffer` if somebody else has written it.
 * @throws UnsupportedError in the latter case.
 */
export async function replaceIfSame(entries: Entries, key: string, present: unknown, next: Buffer): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    if (await entries.replaceIfSame(key, present as Buffer, next)) return true
    const found: unknown = await entries.get(key)
    if (!Buffer.isBuffer(found) || !Buffer.isBuffer(present)) return false
    if (found.equals(next)) return true
    if (!found.equals(present)) return false
    // A failover may have restored the value in between. Then the next try replaces it.
    if (attempt > 1) throw incomparableError('compareAndSet', entries.getName())
  }
}
