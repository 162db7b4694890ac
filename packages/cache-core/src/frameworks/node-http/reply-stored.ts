import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CompleteResponse } from '../../http/engine/exchange.js'
import { first, type HeaderFields, headerLines } from '../../http/message/headers.js'
import { isOverHttp2 } from './over-http2.js'
import { setLines, type WriteHeadArguments } from './response-head.js'
import { applyStored, type FieldStore, sendStored } from './send-stored.js'

/** What describes the stored bytes: `onSend` hooks that change the body for this client do it for nothing. */
const OF_THE_BODY = ['content-type', 'content-encoding', 'content-length', 'transfer-encoding']

/**
 * Answers with a stored response through Fastify itself, so that `onSend` hooks run, in which plugins write the cookies
 * of this client. Fields that they set go out; the body does as it is stored, with what they made of it on the miss.
 */
export function replyStored(reply: FastifyReply, head: CompleteResponse, body: Uint8Array | undefined): void {
  const { raw } = reply
  if (reply.sent || raw.destroyed) return
  applyStored(fieldsOf(reply), head)
  reply.code(head.status)
  sendInPlace(raw, head, bodyFieldsOf(reply), body)
  reply.send(body === undefined ? undefined : Buffer.from(body.buffer, body.byteOffset, body.byteLength))
}

/** The fields that describe the body, as the stored response and the hooks before the cache have set them. */
function bodyFieldsOf(reply: FastifyReply): [name: string, value: string][] {
  return OF_THE_BODY.flatMap((name) => {
    const value = reply.getHeader(name)
    return value === undefined ? [] : [[name, String(value)]]
  })
}

/** What Fastify keeps under symbols of its own: of a route on its requests, and the fields of a reply on that. */
interface Kept {
  readonly onSend?: unknown
}

/** Reads what Fastify keeps under a symbol of this name; two versions in one process have two. `undefined`: it does not. */
function keptUnder(name: string): (holder: object) => Kept | undefined {
  let last: symbol | undefined
  return (holder) => {
    const kept = holder as Readonly<Record<symbol, Kept | undefined>>
    const known = last && kept[last]
    if (known !== undefined) return known
    last = Object.getOwnPropertySymbols(holder).find(({ description }) => description === name)
    return last && kept[last]
  }
}

const contextOf = keptUnder('fastify.context')
const fieldsOfReply = keptUnder('fastify.reply.headers')

/**
 * Whether anybody may have a say in a reply that is sent: an `onSend` hook, or code that has replaced `send`.
 * So it is, too, where a version of Fastify does not show that there is no such hook.
 */
export function mayChangeReply(request: FastifyRequest, reply: FastifyReply): boolean {
  return contextOf(request)?.onSend !== null || Object.hasOwn(reply, 'send')
}

/** How many listen to the end of a response that nobody observes: Node itself. */
const OWN_LISTENERS = 1

/**
 * Answers with a stored response beneath Fastify, whose way to a reply is longer than all else of a hit. What reads the
 * fields of the reply afterwards (`onResponse` hooks, logs) finds them.
 */
export function sendBeneath(reply: FastifyReply, head: CompleteResponse, body: Uint8Array | undefined): void {
  const { raw } = reply
  if (reply.sent || raw.destroyed) return
  // Those that are set on node's response beneath stand where they are.
  const fields = (fieldsOfReply(reply) ?? reply.getHeaders()) as Record<string, FieldValue>
  for (const [name, value] of Object.entries(fields)) {
    // Fastify removes it in both places.
    reply.removeHeader(name)
    raw.setHeader(name, value)
  }
  const isObserved = raw.listenerCount('finish') > OWN_LISTENERS || raw.listenerCount('close') > 0
  sendStored(raw, head, body, isObserved)
}

type FieldValue = number | string | readonly string[]

/** Replaces what Fastify is about to write, unless a hook has failed and it writes an error. */
function sendInPlace(
  raw: ServerResponse,
  head: CompleteResponse,
  bodyFields: readonly (readonly [name: string, value: string])[],
  body: Uint8Array | undefined,
): void {
  const { writeHead, write, end } = raw
  const names = new Map<string, string>()
  for (let i = 0; i < head.headers.length; i += 2) {
    const name = head.headers[i] as string
    if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name)
  }
  const restore = (): void => void Object.assign(raw, { writeHead, write, end })

  raw.writeHead = ((status: number, ...rest: WriteHeadArguments) => {
    restore()
    const given = headerLines((rest.at(-1) ?? {}) as HeaderFields)
    const lines: string[] = []
    if (status !== head.status) {
      // The error page has nothing of the stored response.
      for (let i = 0; i < given.length; i += 2) {
        const name = given[i] as string
        if (first(head.headers, name) !== given[i + 1]) lines.push(name, given[i + 1] as string)
      }
      setLines(raw, lines)
      return writeHead.call(raw, status)
    }
    for (let i = 0; i < given.length; i += 2) {
      const name = given[i] as string
      if (!OF_THE_BODY.includes(name)) lines.push(names.get(name) ?? name, given[i + 1] as string)
    }
    for (const name of OF_THE_BODY) raw.removeHeader(name)
    for (const [name, value] of bodyFields) lines.push(names.get(name) ?? name, value)
    setLines(raw, lines)
    if (head.statusText !== '' && !isOverHttp2(raw.req)) raw.statusMessage = head.statusText
    writeHead.call(raw, status)
    ;(end as (body?: Uint8Array) => unknown).call(raw, body)
    // What Fastify goes on to write.
    Object.assign(raw, { write: () => true, end: () => raw })
    return raw
  }) as ServerResponse['writeHead']
  // A stream that a hook has put in place of the body is read for nothing, to its end: an early one would look like a failure
  // to the hook.
  raw.write = ((...rest: Parameters<typeof write>) => {
    if (raw.statusCode === head.status) return true
    raw.writeHead(raw.statusCode)
    return raw.write(...rest)
  }) as typeof write
  raw.end = ((...rest: Parameters<typeof end>) => {
    raw.writeHead(raw.statusCode)
    return raw.end(...rest)
  }) as typeof end
}

/** The fields of a reply, with those that were set on node's response beneath. */
function fieldsOf(reply: FastifyReply): FieldStore {
  return {
    getHeaderNames: () => Object.keys(reply.getHeaders()),
    hasHeader: (name) => reply.hasHeader(name) || reply.raw.hasHeader(name),
    getHeader: (name) => reply.getHeader(name) ?? reply.raw.getHeader(name),
    setHeader(name, value) {
      reply.raw.removeHeader(name)
      reply.header(name, value)
    },
    appendHeader(name, value) {
      const before = [reply.getHeader(name) ?? reply.raw.getHeader(name) ?? []].flat().map(String)
      reply.raw.removeHeader(name)
      reply.header(name, [...before, ...[value].flat()])
    },
    removeHeader(name) {
      reply.removeHeader(name)
      reply.raw.removeHeader(name)
    },
  }
}
