/** How often the loader runs when 4 processes with 250 callers each ask for one cold key on Redis at once. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { CALLERS, type Order } from './lib/cold-key.js'
import type { Figure } from './lib/figure.js'
import { publish } from './lib/publish.js'
import { serverFor } from './lib/servers.js'
import { ROUNDS } from './lib/settings.js'
import { spreadOf } from './lib/statistics.js'

const PROCESSES = 4

const WAYS: Readonly<Record<Order['way'], string>> = {
  getOrSet: 'getOrSet',
  singleFlight: 'a promise per key in each process',
  readThrough: 'read, else load',
}
const ways = Object.keys(WAYS) as Order['way'][]

const server = await serverFor('redis')
const children = Array.from({ length: PROCESSES }, () =>
  fork(new URL('./cold-key-process.ts', import.meta.url), [server.url]),
)
await Promise.all(children.map(callsOf))

const calls = new Map<Order['way'], number[]>(ways.map((way) => [way, []]))
for (let round = 0; round < ROUNDS; round++) {
  for (const way of ways) {
    const counted = Promise.all(children.map(callsOf))
    for (const child of children) child.send({ way, key: `${way}-${round}` } satisfies Order)
    calls.get(way)?.push((await counted).reduce((sum, count) => sum + count, 0))
  }
}

const figures = ways.map((way): Figure => {
  const counts = calls.get(way) ?? []
  return {
    subject: `calls of the loader, ${PROCESSES} x ${CALLERS} callers, ${WAYS[way]}`,
    over: 'one call',
    reading: 'cost',
    measure: 'calls',
    ratio: spreadOf(counts),
    beside: `${Math.min(...counts)} to ${Math.max(...counts)} in all rounds`,
    bar: way === 'getOrSet' ? 1 : undefined,
    aside: '',
  }
})
publish(figures)
for (const child of children) child.disconnect()
await Promise.all(children.map((child) => once(child, 'exit')))
await server.stop()

async function callsOf(child: ChildProcess): Promise<number> {
  const [{ calls }] = await once(child, 'message')
  return calls
}
