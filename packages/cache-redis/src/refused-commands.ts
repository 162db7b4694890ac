import { randomBytes } from 'node:crypto'
import type { CapabilityName } from '@tiercel/cache-core/store'
import { type RefusableCapabilities, STAMP_BYTES } from '@tiercel/cache-core/store-kit'
import { firstMaster, mastersOf, type RedisClient } from './client.js'
import type { Connection } from './connection.js'
import { isReply } from './errors.js'
import * as scripts from './scripts.js'
import type { Subscriptions } from './subscriptions.js'

/**
 * The server does not execute this command for this user: by ACL, by `rename-command`, or because it is a service that
 * lacks the command.
 */
const REFUSED =
  /NOPERM|unknown (redis )?command|user executing the script can't|ACL failure in script|not allowed from script|command.*not (available|support)|unsupported command/i

/** Each probe starts from nothing, and its key is gone after a second, whatever happens. */
const PROBE_MS = 1_000
const [FIRST, SECOND] = [Buffer.alloc(STAMP_BYTES, 1), Buffer.alloc(STAMP_BYTES, 2)]

type Probe = (client: RedisClient, key: string, subscriptions: Subscriptions) => Promise<unknown>

/** Operations that succeed only if the server executes all that the capability needs. */
const PROBES: Readonly<Partial<Record<CapabilityName, Probe>>> = {
  add: (client, key) => client.set(key, FIRST, 'PX', PROBE_MS, 'NX'),
  async compareAndSet(client, key) {
    await client.set(key, FIRST, 'PX', PROBE_MS)
    await scripts.compareAndSet.run(client, key, FIRST, SECOND, PROBE_MS)
    await scripts.compareAndDelete.run(client, key, SECOND)
  },
  touch: (client, key) => client.pexpire(key, PROBE_MS),
  increment: (client, key) => scripts.increment.run(client, key, 1, PROBE_MS),
  async bus(client, channel, subscriptions) {
    const unsubscribe = await subscriptions.subscribe(channel, () => {})
    await Promise.all([unsubscribe(), firstMaster(client).publish(channel, '')])
  },
  purge: (client, key) =>
    Promise.all([client.unlink(key), ...mastersOf(client).map((node) => node.scan(0, 'COUNT', 1))]),
}

interface Parts {
  readonly connection: Connection
  readonly subscriptions: Subscriptions
  readonly prefix: string
}

/** Whether the error says that the server does not execute the command. */
export function isRefusal(error: unknown): error is Error {
  return isReply(error) && REFUSED.test(error.message)
}

/** Notes an operation that failed because the server does not execute its command, and has it probed again later. */
export function noteRefusal(
  capabilities: RefusableCapabilities,
  parts: Parts,
  operation: string,
  error: unknown,
): void {
  if (!isRefusal(error)) return
  // The answer to a renamed command repeats its arguments, keys and all.
  const reply = error.message.replace(/,? with args beginning with:.*$/s, '')
  const { connection, subscriptions, prefix } = parts
  capabilities.refused(operation, reply, async (name) => {
    await connection.connected('ping')
    // A guard lets no such key through, so it is nobody's but ours.
    await PROBES[name]?.(connection.client, `${prefix}#probe-${randomBytes(8).toString('hex')}`, subscriptions)
  })
}
