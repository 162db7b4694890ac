/**
 * What a hit costs the server, over raw node:http sending the same bytes, and how many it gives, over the framework's own
 * bare handler; with the strongest peers in the same rounds.
 */
import { compare } from './lib/figure.js'
import { HttpServerProcess, type ServerKind } from './lib/http-server-process.js'
import { publish } from './lib/publish.js'
import { measureRounds } from './lib/rounds.js'
import { serverFor } from './lib/servers.js'

const KINDS = {
  'raw node:http': { framework: 'node', store: 'none' },
  'ioredis getBuffer, by hand': { framework: 'node', store: 'by-hand' },
  'bare Fastify': { framework: 'fastify', store: 'none' },
  'bare Express 4': { framework: 'express4', store: 'none' },
  'bare Koa': { framework: 'koa', store: 'none' },
  'bare Koa with a layer': { framework: 'koa-layer', store: 'none' },
  'bare Hono': { framework: 'hono', store: 'none' },
  'node:http, memory': { framework: 'node', store: 'memory' },
  'node:http, near over Redis': { framework: 'node', store: 'near' },
  'node:http, Redis': { framework: 'node', store: 'redis' },
  'Fastify, memory': { framework: 'fastify', store: 'memory' },
  'Fastify, near over Redis': { framework: 'fastify', store: 'near' },
  'Fastify, Redis': { framework: 'fastify', store: 'redis' },
  'Express 4, memory': { framework: 'express4', store: 'memory' },
  'Koa, memory': { framework: 'koa', store: 'memory' },
  'Koa with a layer outside, memory': { framework: 'koa-layer', store: 'memory' },
  'Hono, memory': { framework: 'hono', store: 'memory' },
  'apicache, Express 4, memory': { framework: 'apicache', store: 'peer' },
  'koa-cash, LRU': { framework: 'koa-cash', store: 'peer' },
  'koa-redis-cache': { framework: 'koa-redis-cache', store: 'peer' },
  'ocache, Hono, memory': { framework: 'ocache', store: 'peer' },
} as const satisfies Record<string, ServerKind>
type Name = keyof typeof KINDS

const SIZES_KIB = [1, 20, 200] as const
type BySize = Readonly<Record<(typeof SIZES_KIB)[number], number>>

const NEAREST = { 1: 1.2, 20: 1.15, 200: 1.1 }
const EACH = (bar: number): BySize => ({ 1: bar, 20: bar, 200: bar })

/** What is compared with what; the most that a hit may cost over raw node:http, by size, where there is a bar. */
const ROWS: readonly (readonly [Name, bar: BySize | undefined, bare: Name | undefined])[] = [
  ['node:http, memory', NEAREST, undefined],
  ['node:http, near over Redis', NEAREST, undefined],
  ['node:http, Redis', { 1: 2.5, 20: 3, 200: 6 }, 'ioredis getBuffer, by hand'],
  ['Fastify, memory', NEAREST, 'bare Fastify'],
  ['Fastify, near over Redis', NEAREST, 'bare Fastify'],
  ['Fastify, Redis', undefined, 'bare Fastify'],
  ['Express 4, memory', { 1: 4, 20: 4, 200: 2.5 }, 'bare Express 4'],
  ['Koa, memory', EACH(1.5), 'bare Koa'],
  ['Koa with a layer outside, memory', EACH(1.5), 'bare Koa with a layer'],
  ['Hono, memory', EACH(1.5), 'bare Hono'],
  ['apicache, Express 4, memory', undefined, 'bare Express 4'],
  ['koa-cash, LRU', undefined, 'bare Koa'],
  ['koa-redis-cache', undefined, 'bare Koa'],
  ['ocache, Hono, memory', undefined, 'bare Hono'],
]

/** Of the framework's bare handler: requests per second at the least, and of Express the cost at the most. */
const SPEED_BAR = 0.9
const isCapped = (name: Name): boolean => name === 'Express 4, memory'
const hasSpeedBar = (name: Name): boolean => name.endsWith(', memory') && KINDS[name].store === 'memory'

const redis = await serverFor('redis')
const servers = new Map<Name, HttpServerProcess>()
for (const [name, kind] of Object.entries(KINDS)) {
  servers.set(name as Name, await HttpServerProcess.start(kind, redis.url))
}

const figures = []
for (const kib of SIZES_KIB) {
  const path = `/${kib}`
  for (const server of servers.values()) {
    await server.head(path, kib * 1_024)
    // The first client has its answer before the store has the entry, and the near cache takes what was read twice.
    for (let time = 0; time < 3; time++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      await server.head(path, kib * 1_024)
    }
    await server.warmUp(path)
  }
  const isCache = (name: Name): boolean => !(KINDS[name].store === 'none' || KINDS[name].store === 'by-hand')
  const runsBefore = new Map<Name, number>()
  for (const [name, server] of servers) runsBefore.set(name, await server.runs())
  const contenders = [...servers]
  const costs = await measureRounds(contenders.map(([name, server]) => ({ name, measure: () => server.measure(path) })))
  const speeds = await measureRounds(
    contenders.map(([name, server]) => ({ name, measure: () => server.measureSpeed(path) })),
  )
  for (const [name, server] of servers) {
    const runs = (await server.runs()) - (runsBefore.get(name) ?? 0)
    if (isCache(name) && runs > 0) throw new Error(`${name} does not hit: its handler ran ${runs} times`)
  }
  for (const [name, bars, bare] of ROWS) {
    const subject = `HTTP hit, ${kib} KiB, ${name}`
    const cost = { subject, reading: 'cost', measure: 'CPU' } as const
    const raw = 'raw node:http'
    figures.push(compare({ ...cost, over: raw, bar: bars?.[kib] }, costs.get(name), costs.get(raw)))
    if (bare === undefined) continue
    const bar = isCapped(name) ? 1 : undefined
    figures.push(compare({ ...cost, over: bare, bar }, costs.get(name), costs.get(bare)))
    const speed = { subject: `${subject}, per second`, reading: 'speed', measure: 'wall' } as const
    const least = hasSpeedBar(name) ? SPEED_BAR : undefined
    figures.push(compare({ ...speed, over: bare, bar: least }, speeds.get(name), speeds.get(bare)))
  }
}
publish(figures)
for (const server of servers.values()) await server.stop()
await redis.stop()
