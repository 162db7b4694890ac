import { type IncomingMessage, ServerResponse } from 'node:http'
import type { CompleteResponse, Exchange, RunPlan } from '../../http/engine/exchange.js'
import { type HeaderFields, type HeaderLines, headerLines, members } from '../../http/message/headers.js'
import type { FieldLog } from './field-log.js'
import { holdEnd } from './hold-end.js'
import { cacheRequest, narrowRequest, type RequestFacts } from './node-request.js'
import { grouped, linesSet, setLines } from './response-head.js'
import { tapResponse } from './tap-response.js'

/** What a framework on node:http has beside its request and response. */
export interface Framework extends RequestFacts {
  /** Runs the rest: what the cache stands in front of. */
  readonly proceed: () => unknown
  /** Objects beside node's request on which it keeps what it has parsed: a request of its own, a context. */
  readonly holders?: readonly object[]
  /** All fields of the response so far, where some are not set on node's own response yet. */
  readonly fields?: () => HeaderFields
  /** Writes down, where it has `fields`, what is done to those from now on. */
  readonly logFields?: (log: FieldLog) => void
  /** Told that the response is sent without it. */
  readonly takeOver?: () => void
}

/** An exchange over node:http, for every framework that stands on it. */
export function nodeExchange(req: IncomingMessage, res: ServerResponse, framework: Framework): Exchange {
  const { proceed, holders = [], fields, logFields, takeOver } = framework
  const request = cacheRequest(req, framework)
  const linesBefore = (): string[] => (fields === undefined ? linesSet(res) : headerLines(fields()))
  return {
    request,
    send(head, body) {
      takeOver?.()
      if (fields !== undefined) setLines(res, headerLines(fields()))
      sendStored(res, head, body)
    },
    run({ sees, ...plan }: RunPlan) {
      const restore = sees === undefined ? undefined : narrowRequest(req, holders, request, sees)
      const tap = tapResponse(res, plan, linesBefore(), logFields)
      if (restore !== undefined) whenAnswered(res, tap.outcome, restore)
      runHandler(proceed, tap.fail)
      return tap.outcome
    },
    write(plan) {
      holdEnd(res, plan)
      runHandler(proceed, () => {})
    },
  }
}

/**
 * Before the listeners of the layers outside, whose logs are of the request as it came. A client that has gone may leave
 * a handler behind that still answers for others: to that one the rest stays hidden.
 */
function whenAnswered(res: ServerResponse, outcome: Promise<unknown>, restore: () => void): void {
  let settled = false
  res.prependOnceListener('finish', restore)
  res.prependOnceListener('close', () => {
    if (settled) restore()
  })
  void outcome.then(() => {
    settled = true
    if (res.closed || res.destroyed) restore()
  })
}

/**
 * A handler that throws or rejects where no framework catches it: its error is the process's, as without a cache; here
 * it may only not be mistaken for one of the cache.
 */
function runHandler(proceed: () => unknown, onFailure: () => void): void {
  const fail = (error: unknown): never => {
    onFailure()
    throw error
  }
  try {
    const running = proceed()
    if (running instanceof Promise) running.catch(fail)
  } catch (error) {
    process.nextTick(fail, error)
  }
}

/** A stored response, whole, to this client, over what layers outside have done to the head so far. */
function sendStored(res: ServerResponse, head: CompleteResponse, body?: Uint8Array): void {
  if (res.destroyed || res.headersSent) return
  const plain = res.writeHead === ServerResponse.prototype.writeHead && res.getHeaderNames().length === 0
  // Beside fields that are set, Node would keep only the last of repeated lines; who overrides it knows other forms.
  if (!plain) applyFields(res, head)
  const lines = plain ? (head.headers as string[]) : undefined
  if (head.statusText === '') res.writeHead(head.status, lines)
  else res.writeHead(head.status, head.statusText, lines)
  res.end(body)
}

function applyFields(res: ServerResponse, { headers, added, removed }: CompleteResponse): void {
  // Not what is absent: to Node that is a wish, such as to send no Date.
  for (const name of removed) if (res.hasHeader(name)) res.removeHeader(name)
  for (const [name, values] of grouped(headers)) {
    const key = name.toLowerCase()
    if (key === 'vary') res.setHeader(name, joinedVary(res, headers))
    else if (key === 'cache-status' || added.includes(key)) res.appendHeader(name, values)
    else res.setHeader(name, values)
  }
}

/** Vary of the layers outside with what it lacks of the stored one: those who set it on each response know of their own. */
function joinedVary(res: ServerResponse, headers: HeaderLines): string {
  const outside = [res.getHeader('vary') ?? []].flat().join(', ')
  const known = new Set(outside.toLowerCase().split(/[\s,]+/))
  const missing = members(headers, 'vary').filter((name) => !known.has(name.toLowerCase()))
  return outside === '' ? missing.join(', ') : [outside, ...missing].join(', ')
}
