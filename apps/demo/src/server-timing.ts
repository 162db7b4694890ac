import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** Milliseconds that this request has spent on the database; 0 for an answer from the cache. */
    databaseMs: number
  }
}

/**
 * Adds its cost to every answer: `Server-Timing: db;dur=68.2, total;dur=69.0`.
 *
 * The field is added when the head is sent to the client, below the HTTP cache and not in an `onSend` hook: a cache
 * stores the fields that the application sets, and a hit would report the cost of the first answer.
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

/** Runs a load and adds its time to that of the request. */
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
    // Appended to a flat list: beside a field that was set before, Node would keep only one of the list's repeated
    // lines.
    if (Array.isArray(lines)) return writeHead.call(response, status, ...rest.slice(0, -1), [...lines, name, value()])
    response.setHeader(name, value())
    return writeHead.call(response, status, ...rest)
  }
}
