import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * For answers that are not pages: they may load nothing, and nobody may frame them. The start page has fields of its
 * own.
 */
const ANSWER_FIELDS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

/**
 * The demo has no logins, and often listens where a browser runs, so other sites must not reach it through that
 * browser. Their names may be made to resolve to this machine (DNS rebinding), so only addresses and names of this
 * machine are answered. Their forms may be sent here, so a change must come from a page of ours, or from no page at
 * all.
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

/** Every browser sends Host. */
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
