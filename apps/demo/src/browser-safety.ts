import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/** What a page may do with an answer that is none: nothing, and nobody may frame it. The start page says more. */
const ANSWER_FIELDS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

/**
 * The demo has no users to log in, and often listens where a browser runs: other sites must not reach it by that. Their
 * names may be made to lead here (DNS rebinding), so only addresses and names of this machine are answered; and their
 * forms may be sent here, so what changes something must come from a page of ours, or from no page at all.
 */
export function keepOtherSitesOut(app: FastifyInstance, host?: string): void {
  const names = new Set(['localhost', hostname().toLowerCase(), ...(host === undefined ? [] : [host.toLowerCase()])])
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(ANSWER_FIELDS)
    if (!isOurs(request.headers.host, names)) {
      return reply.code(421).send({ statusCode: 421, error: 'Misdirected Request', message: 'no such host here' })
    }
    if (!SAFE.has(request.method) && comesFromElsewhere(request)) {
      return reply.code(403).send({ statusCode: 403, error: 'Forbidden', message: 'sent by a page of another site' })
    }
    return undefined
  })
}

/** No browser sends a request without Host. */
function isOurs(host: string | undefined, names: ReadonlySet<string>): boolean {
  if (host === undefined) return true
  const name = host.toLowerCase().replace(/:\d*$/, '')
  return names.has(name) || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0
}

function comesFromElsewhere({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  if (site === 'cross-site' || site === 'same-site') return true
  const { origin, host } = headers
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`
}
