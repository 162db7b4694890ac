import type { Redis } from 'ioredis'
import { mastersOf, type RedisClient } from './client.js'

/** Keys looked at by one SCAN: a fraction of a millisecond of the server's time. */
const SCAN_COUNT = 500

/**
 * Removes all keys that begin with `prefix`, a small step at a time and on every master of a cluster, so that other
 * clients are served in between; UNLINK frees the memory in the background. `stopped` is asked before each step.
 */
export async function purgePrefix(client: RedisClient, prefix: string, stopped: () => boolean): Promise<void> {
  // A client of the caller's may put a prefix of its own before every key, but not into the pattern of a SCAN.
  const pattern = `${escapeGlob((client.options.keyPrefix ?? '') + prefix)}*`
  await Promise.all(mastersOf(client).map((node) => purgeNode(node, pattern, stopped)))
}

async function purgeNode(node: Redis, pattern: string, stopped: () => boolean): Promise<void> {
  const ownPrefixBytes = Buffer.byteLength(node.options.keyPrefix ?? '')
  let cursor = '0'
  do {
    if (stopped()) return
    const [next, keys]: [Buffer, Buffer[]] = await node.scanBuffer(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT)
    cursor = next.toString()
    await unlinkAll(
      node,
      keys.map((key) => key.subarray(ownPrefixBytes)),
    )
  } while (cursor !== '0')
}

/** One by one in one message: the keys of a cluster's node lie in many slots, and one UNLINK takes keys of one slot. */
async function unlinkAll(node: Redis, keys: readonly Buffer[]): Promise<void> {
  if (keys.length === 0) return
  const pipeline = node.pipeline()
  for (const key of keys) pipeline.unlink(key)
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
}

function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}
