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
  'node:http, memory': { framework: 'node', store: 'memory' },
  'node:http, Redis': { framework: 'node', store: 'redis' },
  'Fastify, memory': { framework: 'fastify', store: 'memory' },
  'Fastify, Redis': { framework: 'fastify', store: 'redis' },
} as const satisfies Record<string, ServerKind>
type Name = keyof typeof KINDS

const BASES: readonly (readonly [Name, readonly Name[]])[] = [
  ['node:http, memory', ['raw node:http']],
  ['Fastify, memory', ['raw node:http', 'bare Fastify']],
  ['node:http, Redis', ['raw node:http', 'ioredis getBuffer, by hand']],
  ['Fastify, Redis', ['raw node:http', 'bare Fastify']],
]

const SIZES_KIB = [1, 20, 200]

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
    if (!head.includes('tiercel; hit')) throw new Error(`${name} does not hit:\n${head}`)
    await server.warmUp(path)
  }
  const samples = await measureRounds(
    [...servers].map(([name, server]) => ({ name, measure: () => server.measure(path) })),
  )
  for (const [name, bases] of BASES) {
    const comparison = { subject: `HTTP hit, ${kib} KiB, ${name}`, reading: 'cost', measure: 'CPU' } as const
    for (const over of bases) figures.push(compare({ ...comparison, over }, samples.get(name), samples.get(over)))
  }
}
publish(figures)
for (const server of servers.values()) await server.stop()
await redis.stop()
