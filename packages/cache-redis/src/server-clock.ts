import { report } from '@tiercel/cache-core/store-kit'
import type { RedisClient } from './client.js'
import { STORE_NAME } from './errors.js'

/** Clocks that are set by NTP differ by milliseconds. */
const FAR_APART_MS = 5_000

/**
 * Warns where the server's clock and that of this process are far apart: lifetimes are judged by the clock of the process
 * that reads, so what another one has stored ends too early or too late. Never rejects: a server that refuses `TIME`, or
 * does not answer, says nothing.
 */
export async function warnOfClock(client: RedisClient): Promise<void> {
  try {
    const sentAt = Date.now()
    const [seconds, micros] = await client.time()
    const answeredAt = Date.now()
    const server = Number(seconds) * 1_000 + Number(micros) / 1_000
    // Read somewhere between the two.
    const apartMs = Math.max(sentAt - server, server - answeredAt)
    if (!(apartMs > FAR_APART_MS)) return
    const relation = server > answeredAt ? 'behind' : 'ahead of'
    const message = `the clock of this process is ${Math.round(apartMs / 1_000)} s ${relation} the server's: what processes with other clocks have stored ends here too early or too late by as much; set both by NTP`
    report('store-warning', () => ({ store: STORE_NAME, message }))
  } catch {
    // Operations say what is wrong with the connection.
  }
}
