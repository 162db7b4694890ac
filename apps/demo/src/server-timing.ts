import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** What this request has spent on the database, in milliseconds. 0 for an answer out of the cache. */
    databaseMs: number
  }
}

/**
 * Says in every answer what it cost: `Server-Timing: db;dur=68.2, total;dur=69.0`.
 *
 * It is added where the head leaves for the client, below the HTTP cache and not in an `onSend` hook: a cache stores
 * the fields that the application sets, and a hit would tell what the first answer cost.
 */
export function addServerTiming(app: FastifyInstance): void {
  app.decorateRequest('databaseMs', 0)
  app.addHook('onRequest', async (request, reply) => {
    const start = performance.now()
    addWhenSent(reply.raw, 'Server-Timing', () => {
      const totalMs = performance.now() - start
      return `db;dur=${request.databaseMs.toFixed(1)}, total;dur=${totalMs.toFixed(1)}`
    })
  })
}

/** Runs a load and counts its time as the request's. */
export async function timed<T>(request: FastifyRequest, load: () => Promise<T>): Promise<T> {
  const start = performance.now()
  try {
    return await load()
  } finally {
    request.databaseMs += performance.now() - start
  }
}

function addWhenSent(response: ServerResponse, name: string, value: () => string): void {
  const writeHead = response.writeHead as (status: number, ...rest: unknown[]) => ServerResponse
  response.writeHead = (status: number, ...rest: unknown[]) => {
    const lines = rest.at(-1)
    // To a flat list it is added: beside a field set before, Node would keep one of the list's repeated lines only.
    if (Array.isArray(lines)) return writeHead.call(response, status, ...rest.slice(0, -1), [...lines, name, value()])
    response.setHeader(name, value())
    return writeHead.call(response, status, ...rest)
  }
}
