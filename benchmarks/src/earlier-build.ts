/**
 * What this build costs over an earlier one, both in one process: `EARLIER=<folder> npm run bench -- --only earlier`,
 * the folder being that of a checkout whose core is built. Cold keys and URLs are asked for over a store that is a
 * millisecond away, so that their figure counts round trips. HTTP hits are answered by a process of each build: what
 * counts is its CPU time, without that of the client.
 */
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as Core from '@tiercel/cache-core'
import { type Build, loadBuild } from './lib/built-core.js'
import { compare } from './lib/figure.js'
import { HttpServerProcess } from './lib/http-server-process.js'
import { publish } from './lib/publish.js'
import { measureRounds } from './lib/rounds.js'
import { closedLoop, type Operation } from './lib/sample.js'
import { KEYS, product } from './lib/values.js'

const BURST = 256
const DISTANCE_MS = 1

const earlier = process.env.EARLIER
if (earlier === undefined) throw new Error('EARLIER must name a checkout whose core is built')
const checkouts = { present: fileURLToPath(new URL('../..', import.meta.url)), earlier: resolve(earlier) }

/** A memory store whose every operation takes a round trip. */
function distant({ memoryStore }: typeof Core): Core.Store {
  return new Proxy(memoryStore(), {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return async (...args: unknown[]) => {
        await new Promise((resolve) => setTimeout(resolve, DISTANCE_MS))
        return member.apply(target, args)
      }
    },
  })
}

const never = (): never => {
  throw new Error('a benchmark of hits has missed')
}

/** A server behind the cache, and one GET to it. */
async function serve({ core, node }: Build, store: Core.Store): Promise<(path: string) => Promise<unknown>> {
  const middleware = node.httpCache(core.createCache({ store, storeTimeout: '5s' }), { ttl: '1h' })
  const body = 'x'.repeat(1_024)
  const server = createServer((req, res) => {
    middleware(req, res, () => res.end(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  const { port } = server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  return (path) =>
    new Promise((resolve, reject) => {
      request({ port, path, agent, host: '127.0.0.1' }, (response) => {
        response.resume().once('end', resolve)
      })
        .once('error', reject)
        .end()
    })
}

const hits: Record<string, Operation> = {}
const coldKeys: Record<string, Operation> = {}
const coldUrls: Record<string, Operation> = {}
const servers = new Map<string, HttpServerProcess>()
for (const [name, checkout] of Object.entries(checkouts)) {
  const build = await loadBuild(checkout)
  const { createCache, memoryStore } = build.core
  const cache = createCache({ store: memoryStore(), ttl: '1h' })
  for (let id = 0; id < KEYS; id++) await cache.set(`product-${id}`, product(id))
  hits[name] = (index) => cache.getOrSet(`product-${index % KEYS}`, never)

  const far = createCache({ store: distant(build.core), ttl: '1h', storeTimeout: '5s' })
  let key = 0
  coldKeys[name] = () => far.getOrSet(`cold-${key++}`, () => 1)

  servers.set(name, await HttpServerProcess.fork('earlier-build-server.ts', [checkout]))
  const away = await serve(build, distant(build.core))
  let url = 0
  coldUrls[name] = () => away(`/cold-${url++}`)
}

const figures = []
for (const { subject, operations, callers, burst, measure } of [
  { subject: 'getOrSet hit on memory, 1 reader', operations: hits, callers: 1, burst: BURST, measure: 'CPU' },
  { subject: 'getOrSet hit on memory, 64 readers', operations: hits, callers: 64, burst: BURST / 64, measure: 'CPU' },
  { subject: 'cold key, store 1 ms away', operations: coldKeys, callers: 8, burst: 1, measure: 'wall' },
  { subject: 'cold URL, store 1 ms away', operations: coldUrls, callers: 8, burst: 1, measure: 'wall' },
] as const) {
  const samples = await measureRounds(
    Object.entries(operations).map(([name, operation]) => ({
      name,
      measure: () => closedLoop(operation, { callers, burst }),
    })),
  )
  const comparison = { subject, over: 'the earlier build', reading: 'cost', measure } as const
  figures.push(compare(comparison, samples.get('present'), samples.get('earlier')))
}
for (const kib of [1, 20, 200]) {
  for (const [name, server] of servers) {
    await server.warmUp(`/${kib}`)
    const head = await server.head(`/${kib}`, kib * 1_024)
    if (!/tiercel; hit/i.test(head)) throw new Error(`${name} does not hit:\n${head}`)
  }
  const samples = await measureRounds(
    [...servers].map(([name, server]) => ({ name, measure: () => server.measure(`/${kib}`) })),
  )
  const subject = `HTTP hit on memory, ${kib} KiB, the server alone`
  const comparison = { subject, over: 'the earlier build', reading: 'cost', measure: 'CPU' } as const
  figures.push(compare(comparison, samples.get('present'), samples.get('earlier')))
}
publish(figures)
for (const server of servers.values()) await server.stop()
process.exit()
