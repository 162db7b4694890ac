import type { Entries } from './entries.js'
import { incomparableError } from './errors.js'

/**
 * The map's `replaceIfSame`, whose "no" is looked into. No two values carry the same stamp, so what stands there tells:
 * - the new value: after a write error the client sends an invocation once more through another connection, and the
 *   second one reports a conflict with the first. It was written.
 * - the value expected, and again after another try: this map does not compare stored bytes.
 * @param present What stands there; not bytes where somebody else has written it.
 * @throws UnsupportedError in the latter case.
 */
export async function replaceIfSame(entries: Entries, key: string, present: unknown, next: Buffer): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    if (await entries.replaceIfSame(key, present as Buffer, next)) return true
    const found: unknown = await entries.get(key)
    if (!Buffer.isBuffer(found) || !Buffer.isBuffer(present)) return false
    if (found.equals(next)) return true
    if (!found.equals(present)) return false
    // A member that took over may have brought the value back in between; then the next try replaces it.
    if (attempt > 1) throw incomparableError('compareAndSet', entries.getName())
  }
}
