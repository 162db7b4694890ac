import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CompleteResponse } from '../../http/engine/exchange.js'
import type { HeaderFields } from '../../http/message/headers.js'
import type { Origin } from '../../http/message/message.js'
import type { FieldLog } from './field-log.js'
import { type Framework, NodeExchange } from './node-exchange.js'
import { mayChangeReply, replyStored, sendBeneath } from './reply-stored.js'

/** A request to Fastify, and the way to answer it. */
export class FastifyExchange extends NodeExchange {
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply

  constructor(
    request: FastifyRequest,
    reply: FastifyReply,
    done: () => void,
    constraints: readonly string[] = NO_CONSTRAINTS,
  ) {
    super(request.raw, reply.raw, new FastifyFramework(request, reply, done, constraints))
    this.#request = request
    this.#reply = reply
  }

  override send(head: CompleteResponse, body: Uint8Array | undefined): void {
    const sent = this.isHead ? undefined : body
    if (mayChangeReply(this.#request, this.#reply)) replyStored(this.#reply, head, sent)
    else sendBeneath(this.#reply, head, sent)
  }
}

const NO_CONSTRAINTS: readonly string[] = []

/** What Fastify has beside node's request and response. A class, since every function made for a request costs every hit. */
class FastifyFramework implements Framework {
  readonly source: FastifyRequest
  readonly proceed: () => void
  readonly constraints: readonly string[]
  readonly origin: Origin | undefined
  readonly headers: FastifyRequest['headers']
  readonly #reply: FastifyReply

  constructor(request: FastifyRequest, reply: FastifyReply, done: () => void, constraints: readonly string[]) {
    this.source = request
    this.proceed = done
    this.constraints = constraints
    this.origin = trustedOrigin(request)
    this.headers = request.headers
    this.#reply = reply
  }

  get holders(): readonly object[] {
    return [this.source]
  }

  dispatch(req: IncomingMessage, res: ServerResponse): void {
    this.source.server.routing(req, res)
  }

  fields(): HeaderFields {
    return this.#reply.getHeaders() as HeaderFields
  }

  logFields(log: FieldLog): void {
    logReply(this.#reply, log)
  }
}

/** Scheme and host as Fastify resolves them, where it trusts its proxy: only then it has `ips`. */
function trustedOrigin(request: FastifyRequest): Origin | undefined {
  if (request.ips === undefined) return undefined
  // Fastify 4 has the port in `hostname`, and no `host`.
  return { scheme: request.protocol, host: (request as Partial<FastifyRequest>).host ?? request.hostname }
}

/** The constraints by which Fastify selects a route among those of its URL. */
export function constraintTexts(constraints: object | undefined): string[] {
  return Object.entries(constraints ?? {})
    .map(([name, value]) => `${name}=${value instanceof RegExp ? String(value) : JSON.stringify(value)}`)
    .sort()
}

/**
 * Fastify keeps the fields of its reply to itself, and hands them to Node when the head goes out; for a stream one by one,
 * which would look as if the handler had set them.
 */
function logReply(reply: FastifyReply, log: FieldLog): void {
  const { header, removeHeader, raw } = reply
  const { setHeader } = raw
  const before = reply.getHeaders()
  raw.setHeader = (name, value) => {
    const key = name.toLowerCase()
    // Fields that describe the body belong to it, whoever has set them.
    const isCopied = !key.startsWith('content-') && !log.set.has(key) && before[key] === value
    const returned = setHeader.call(raw, name, value)
    if (isCopied) log.set.delete(key)
    return returned
  }
  reply.header = (...rest: Parameters<typeof header>) => {
    log.hasSet(rest[0])
    return header.apply(reply, rest)
  }
  reply.removeHeader = (name) => {
    log.hasRemoved(name)
    return removeHeader.call(reply, name)
  }
}
