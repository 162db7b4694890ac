/** What a hit costs the server, over raw node:http sending the same bytes, and over the framework's own bare handler. */
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
  'bare Hono': { framework: 'hono', store: 'none' },
  'node:http, memory': { framework: 'node', store: 'memory' },
  'node:http, Redis': { framework: 'node', store: 'redis' },
  'Fastify, memory': { framework: 'fastify', store: 'memory' },
  'Fastify, Redis': { framework: 'fastify', store: 'redis' },
  'Express 4, memory': { framework: 'express4', store: 'memory' },
  'Koa, memory': { framework: 'koa', store: 'memory' },
  'Hono, memory': { framework: 'hono', store: 'memory' },
} as const satisfies Record<string, ServerKind>
type Name = keyof typeof KINDS

const BASES: readonly (readonly [Name, readonly Name[]])[] = [
  ['node:http, memory', ['raw node:http']],
  ['Fastify, memory', ['raw node:http', 'bare Fastify']],
  ['node:http, Redis', ['raw node:http', 'ioredis getBuffer, by hand']],
  ['Fastify, Redis', ['raw node:http', 'bare Fastify']],
  ['Express 4, memory', ['raw node:http', 'bare Express 4']],
  ['Koa, memory', ['raw node:http', 'bare Koa']],
  ['Hono, memory', ['raw node:http', 'bare Hono']],
]

const SIZES_KIB = [1, 20, 200] as const

/** The most that a hit may cost over raw node:http, by size. */
const BARS: Partial<Record<Name, Readonly<Record<(typeof SIZES_KIB)[number], number>>>> = {
  'node:http, memory': { 1: 1.2, 20: 1.15, 200: 1.1 },
  'Fastify, memory': { 1: 1.2, 20: 1.15, 200: 1.1 },
  'Koa, memory': { 1: 1.5, 20: 1.5, 200: 1.5 },
  'Hono, memory': { 1: 1.5, 20: 1.5, 200: 1.5 },
  'Express 4, memory': { 1: 4, 20: 4, 200: 2.5 },
}

const redis = await serverFor('redis')
const servers = new Map<string, HttpServerProcess>()
for (const [name, kind] of Object.entries(KINDS)) servers.set(name, await HttpServerProcess.start(kind, redis.url))

const figures = []
for (const kib of SIZES_KIB) {
  const path = `/${kib}`
  for (const [name, server] of servers) {
    await server.head(path, kib * 1_024)
    // The first client has its answer before the store has the entry.
    await new Promise((resolve) => setTimeout(resolve, 50))
    const head = await server.head(path, kib * 1_024)
    if (!/tiercel; hit/i.test(head)) throw new Error(`${name} does not hit:\n${head}`)
    await server.warmUp(path)
  }
  const samples = await measureRounds(
    [...servers].map(([name, server]) => ({ name, measure: () => server.measure(path) })),
  )
  for (const [name, bases] of BASES) {
    const comparison = { subject: `HTTP hit, ${kib} KiB, ${name}`, reading: 'cost', measure: 'CPU' } as const
    for (const over of bases) {
      const bar = over === 'raw node:http' ? BARS[name]?.[kib] : undefined
      figures.push(compare({ ...comparison, over, bar }, samples.get(name), samples.get(over)))
    }
  }
}
publish(figures)
for (const server of servers.values()) await server.stop()
await redis.stop()
