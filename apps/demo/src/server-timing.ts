import type { FastifyInstance, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** What this request has spent on the database, in milliseconds. 0 for an answer out of the cache. */
    databaseMs: number
  }
}

/** Says in every answer what it cost: `Server-Timing: db;dur=68.2, total;dur=69.0`. */
export function addServerTiming(app: FastifyInstance): void {
  app.decorateRequest('databaseMs', 0)
  app.addHook('onSend', async (request, reply) => {
    reply.header('server-timing', `db;dur=${request.databaseMs.toFixed(1)}, total;dur=${reply.elapsedTime.toFixed(1)}`)
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
