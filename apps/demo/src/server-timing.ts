import type { FastifyInstance, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** What this request has spent on the database, in milliseconds. 0 for an answer out of the cache. */
    databaseMs: number
    /** When it came in, on the clock of `performance.now()`. */
    startedAt: number
  }
}

/** Says in every answer what it cost: `Server-Timing: db;dur=68.2, total;dur=69.0`. */
export function addServerTiming(app: FastifyInstance): void {
  app.decorateRequest('databaseMs', 0)
  app.decorateRequest('startedAt', 0)
  app.addHook('onRequest', async (request) => {
    request.startedAt = performance.now()
  })
  app.addHook('onSend', async (request, reply) => {
    const totalMs = performance.now() - request.startedAt
    reply.header('server-timing', `db;dur=${request.databaseMs.toFixed(1)}, total;dur=${totalMs.toFixed(1)}`)
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
