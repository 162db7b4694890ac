/**
 * The server process of `http-limits.ts`: `<ttl>`, or nothing for a process that does nothing. Tells its port, and when asked
 * to, how much it holds and for how long its event loop stood still.
 */
import { openSync, readSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createCache, memoryStore } from '@tiercel/cache-core'
import { httpCache } from '@tiercel/cache-core/node'
import { type LimitsOrder, MAX_BYTES, type Seen } from './lib/http-limits.js'
import { bytes } from './lib/values.js'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const [ttl] = process.argv.slice(2)
const body = bytes(1_024)
const store = memoryStore({ maxBytes: MAX_BYTES })
const cached = httpCache(createCache({ store, storeTimeout: '5s' }), { ttl: Number(ttl ?? 0) })

const server = createServer({ maxHeaderSize: 1_048_576 }, (req, res) =>
  cached(req, res, () => {
    res.setHeader('Vary', 'X-Variant')
    res.end(body)
  }),
)
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))

/** Time that this thread has had of a processor, in milliseconds: another process that had it counts for nothing. */
const schedule = openSync('/proc/thread-self/schedstat', 'r')
const line = Buffer.alloc(64)
function threadMs(): number {
  const length = readSync(schedule, line, 0, line.length, 0)
  return Number(line.toString('latin1', 0, length).split(' ', 1)[0]) / 1e6
}

/** The longest time from one turn of the event loop to the next: by the clock, and of it what this thread has worked. */
async function watch(ms: number): Promise<Pick<Seen, 'stallMs' | 'turnMs'>> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  let turnMs = 0
  let before = threadMs()
  const until = performance.now() + ms
  while (performance.now() < until) {
    await pause(1)
    const now = threadMs()
    turnMs = Math.max(turnMs, now - before)
    before = now
  }
  delay.disable()
  return { stallMs: delay.max / 1e6, turnMs }
}

function heldBytes(): number {
  for (let turn = 0; turn < 3; turn++) collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function follow({ watchMs }: LimitsOrder): Promise<void> {
  const seen: Seen = watchMs === undefined ? { heldBytes: heldBytes() } : await watch(watchMs)
  process.send?.(seen)
}

process.on('message', (order: LimitsOrder) => void follow(order))
process.on('disconnect', () => process.exit())
