import { type IncomingMessage, ServerResponse } from 'node:http'
import type { CompleteResponse, Exchange, RunPlan } from '../../http/engine/exchange.js'
import type { HeaderFields } from '../../http/message/headers.js'
import { headerLines } from '../../http/message/headers.js'
import type { Origin } from '../../http/message/message.js'
import { holdResponse } from './hold-response.js'
import { narrowParsed, type ParsedRequest } from './narrow-parsed.js'
import { cacheRequest, showRequest } from './node-request.js'
import { linesSet, setLines } from './response-head.js'
import { tapResponse } from './tap-response.js'

/** What a framework on node:http has beside its request and response. */
export interface Framework {
  /** Runs the rest: what the cache stands in front of. */
  readonly proceed: () => unknown
  /** Scheme and host, where they are resolved behind a proxy that is trusted. */
  readonly origin?: Origin | undefined
  /** Where it keeps what it has parsed of the request. */
  readonly parsed?: ParsedRequest | undefined
  /** All fields of the response so far, where some are not set on node's own response yet. */
  readonly fields?: () => HeaderFields
  /** Told that the response is sent without it. */
  readonly takeOver?: () => void
}

/** An exchange over node:http, for every framework that stands on it. */
export function nodeExchange(req: IncomingMessage, res: ServerResponse, framework: Framework): Exchange {
  const { proceed, origin, parsed, fields, takeOver } = framework
  const request = cacheRequest(req, origin)
  const linesBefore = (): string[] => (fields === undefined ? linesSet(res) : headerLines(fields()))
  return {
    request,
    send(head, body) {
      takeOver?.()
      if (fields !== undefined) setLines(res, headerLines(fields()))
      sendStored(res, head, body)
    },
    run({ sees, ...plan }: RunPlan) {
      if (sees !== undefined) {
        showRequest(req, sees)
        if (parsed !== undefined) narrowParsed(parsed, request.target, sees)
      }
      const tap = tapResponse(res, plan, linesBefore())
      runHandler(proceed, tap.fail)
      return tap.outcome
    },
    hold(onHead) {
      holdResponse(res, onHead, linesBefore())
      runHandler(proceed, () => {})
    },
  }
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

/** A stored response, whole, to this client, beside the fields that layers outside have set. */
function sendStored(res: ServerResponse, { status, statusText, headers }: CompleteResponse, body?: Uint8Array): void {
  if (res.destroyed || res.headersSent) return
  const plain = res.writeHead === ServerResponse.prototype.writeHead && res.getHeaderNames().length === 0
  // Beside fields that are set, Node would keep only the last of repeated lines; who overrides it knows other forms.
  if (!plain) setLines(res, headers)
  const lines = plain ? (headers as string[]) : undefined
  if (statusText === '') res.writeHead(status, lines)
  else res.writeHead(status, statusText, lines)
  res.end(body)
}
