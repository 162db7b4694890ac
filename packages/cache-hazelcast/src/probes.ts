import type { CapabilityName } from '@tiercel/cache-core/store'
import { STAMP_BYTES } from '@tiercel/cache-core/store-kit'
import { Predicates } from 'hazelcast-client'
import { type Entries, engineTtl } from './entries.js'
import { replaceIfSame } from './replace-if-same.js'
import type { Channel } from './subscription.js'

/** Probes use keys of their own and expire soon, whatever happens to them. */
const TTL = engineTtl(1_000)
const [FIRST, SECOND] = [Buffer.alloc(STAMP_BYTES, 1), Buffer.alloc(STAMP_BYTES, 2)]

/** Resolves only if the members execute everything that the capability needs. */
export async function probeMap(name: CapabilityName, entries: Entries, key: string): Promise<void> {
  if (name === 'purge') {
    await entries.removeAll(Predicates.equal('__key', key))
    return
  }
  await entries.putIfAbsent(key, FIRST, TTL)
  if (name === 'touch') await entries.setTtl(key, TTL)
  if (name !== 'compareAndSet' && name !== 'increment') return
  // Counters are written by the same comparison.
  await replaceIfSame(entries, key, FIRST, SECOND)
  await entries.remove(key, SECOND)
}

/** The same as `probeMap`, for the ringbuffer that carries messages. */
export async function probeChannel(channel: Channel): Promise<void> {
  await channel.add(Buffer.alloc(0))
}
