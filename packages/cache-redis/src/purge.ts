import type { Redis } from 'ioredis'
import { mastersOf, type RedisClient } from './client.js'

/** Keys that one SCAN looks at, which takes a fraction of a millisecond of the server's time. */
const SCAN_COUNT = 500

/**
 * Removes all keys that begin with `prefix`, in small steps and on every master of a cluster, so that other clients are
 * served in between; UNLINK frees the memory in the background. Calls `stopped` before each step.
 */
export async function purgePrefix(client: RedisClient, prefix: string, stopped: () => boolean): Promise<void> {
  // The caller's client may prepend a prefix of its own to every key, but not to the pattern of a SCAN.
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

/**
 * One command per key, all in one message: the keys of a cluster node lie in many slots, and one UNLINK takes keys of
 * one slot.
 */
async function unlinkAll(node: Redis, keys: readonly Buffer[]): Promise<void> {
  if (keys.length === 0) return
  const pipeline = node.pipeline()
  for (const key of keys) pipeline.unlink(key)
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
}

function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}
