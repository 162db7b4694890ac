import type { Application, Request } from 'express'
import type { Origin } from '../../http/message/message.js'
import type { Known } from './middleware.js'

/** What Express 4 or 5 knows about a request, beside Node. */
export function knownToExpress(req: Request): Known {
  return { origin: trustedOrigin(req), dispatch: (made, res) => rootOf(req.app)(made, res) }
}

/** The outermost application, in which this one may be mounted. */
function rootOf(app: Application): Application {
  const { parent } = app as { readonly parent?: Application }
  return parent === undefined ? app : rootOf(parent)
}

/** Scheme and host as Express resolves them, where `trust proxy` trusts the peer. `req.host` of Express 4 lacks the port. */
function trustedOrigin(req: Request): Origin | undefined {
  const trusts = req.app.get('trust proxy fn') as (address: string | undefined, hop: number) => boolean
  if (!trusts(req.socket.remoteAddress, 0)) return undefined
  const forwarded = req.get('x-forwarded-host')?.split(',', 1)[0]?.trim()
  return { scheme: req.protocol, host: forwarded || (req.get('host') ?? '') }
}
