/**
 * What this build costs over an earlier one, both in one process: `EARLIER=<folder> npm run bench -- --only earlier`,
 * the folder being that of a checkout whose core is built. Cold keys and URLs are asked for over a store that is a
 * millisecond away, so that their figure counts round trips.
 */
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type * as Core from '@tiercel/cache-core'
import type * as Node from '@tiercel/cache-core/node'
import { compare } from './lib/figure.js'
import { publish } from './lib/publish.js'
import { measureRounds } from './lib/rounds.js'
import { closedLoop, type Operation } from './lib/sample.js'
import { KEYS, product } from './lib/values.js'

const BURST = 256
const DISTANCE_MS = 1

interface Build {
  readonly core: typeof Core
  readonly node: typeof Node
}

const earlier = process.env.EARLIER
if (earlier === undefined) throw new Error('EARLIER must name a checkout whose core is built')
const builds: Readonly<Record<string, Build>> = {
  present: await load(fileURLToPath(new URL('../..', import.meta.url))),
  earlier: await load(resolve(earlier)),
}

/** Both from their built files, so that no loader stands between. */
async function load(checkout: string): Promise<Build> {
  const built = (file: string): string => String(pathToFileURL(join(checkout, 'packages/cache-core/dist', file)))
  return { core: await import(built('index.js')), node: await import(built('frameworks/node.js')) }
}

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
const httpHits: Record<string, Operation> = {}
const coldUrls: Record<string, Operation> = {}
for (const [name, build] of Object.entries(builds)) {
  const { createCache, memoryStore } = build.core
  const cache = createCache({ store: memoryStore(), ttl: '1h' })
  for (let id = 0; id < KEYS; id++) await cache.set(`product-${id}`, product(id))
  hits[name] = (index) => cache.getOrSet(`product-${index % KEYS}`, never)

  const far = createCache({ store: distant(build.core), ttl: '1h', storeTimeout: '5s' })
  let key = 0
  coldKeys[name] = () => far.getOrSet(`cold-${key++}`, () => 1)

  const near = await serve(build, memoryStore())
  httpHits[name] = (index) => near(`/${index % KEYS}`)
  const away = await serve(build, distant(build.core))
  let url = 0
  coldUrls[name] = () => away(`/cold-${url++}`)
}

const figures = []
for (const { subject, operations, callers, burst, measure } of [
  { subject: 'getOrSet hit on memory, 1 reader', operations: hits, callers: 1, burst: BURST, measure: 'CPU' },
  { subject: 'getOrSet hit on memory, 64 readers', operations: hits, callers: 64, burst: BURST / 64, measure: 'CPU' },
  { subject: 'HTTP hit on memory, 1 KiB, client included', operations: httpHits, callers: 8, burst: 1, measure: 'CPU' },
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
publish(figures)
process.exit()
