// Pattern 3, continued: answers that a careless cache mixes up, keeps too long or loses. None of these routes guards
// against that; the middleware above them does.
import type { FastifyPluginAsync } from 'fastify'
import { BadRequest } from '../bad-request.js'

/** The greatest length of a note, in characters. */
const MAX_NOTE = 10_000

const GREETINGS: Readonly<Record<string, string>> = { en: 'Good day', de: 'Guten Tag', fr: 'Bonjour' }

/** The first preferred language that has a greeting. What follows a `;` is only the weight of the preference. */
function greetingFor(acceptLanguage = ''): string {
  const wanted = acceptLanguage.split(',').map((range) => range.trim().slice(0, 2).toLowerCase())
  return GREETINGS[wanted.find((language) => language in GREETINGS) ?? 'en'] ?? ''
}

/** Registered by the middleware pattern, below its path. */
export const traps: FastifyPluginAsync = async (app) => {
  // Depends on the client. A request with credentials bypasses the cache, unless the route names what it depends on.
  app.get('/patterns/middleware/visitor', async ({ headers }) => ({
    authorization: headers.authorization ?? null,
    cookie: headers.cookie ?? null,
  }))

  // Depends on a header, and declares it: one entry for each language (RFC 9110, section 12.5.5).
  app.get('/patterns/middleware/greeting', async ({ headers }, reply) =>
    reply.header('vary', 'Accept-Language').type('text/plain').send(greetingFor(headers['accept-language'])),
  )

  // Each visitor gets a number of their own, so the answer forbids storing it.
  let lastTicket = 0
  app.get('/patterns/middleware/ticket', async (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ ticket: ++lastTicket }),
  )

  // The answer's own lifetime is shorter than the middleware's hour, and a hit does not restart it.
  app.get('/patterns/middleware/clock', async (_request, reply) =>
    reply.header('cache-control', 'max-age=1').send({ now: new Date().toISOString() }),
  )

  // Fails every other time. Its client gets the failure unchanged, and it is not stored.
  let runs = 0
  app.get('/patterns/middleware/unsteady', async (_request, reply) => {
    runs++
    return reply.code(runs % 2 === 1 ? 503 : 200).send({ run: runs })
  })

  // An unsafe method always reaches its handler; if it succeeds, the entry of its URI is removed (RFC 9111, section
  // 4.4).
  let note = 'Nothing noted yet.'
  const schema = { body: { type: 'string', maxLength: MAX_NOTE } }
  app.get('/patterns/middleware/note', async (_request, reply) => reply.type('text/plain').send(note))
  app.put<{ Body: string }>('/patterns/middleware/note', { schema }, async (request, reply) => {
    note = request.body
    return reply.code(204).send()
  })
  app.post<{ Body: string }>('/patterns/middleware/note', { schema }, async (request, reply) => {
    if (note.length + request.body.length > MAX_NOTE) throw new BadRequest(`a note has at most ${MAX_NOTE} characters`)
    note += request.body
    return reply.code(204).send()
  })
}
