import { type CacheStatus, type CacheStatusDetail, cacheStatusLine } from '../message/cache-status.js'
import { type HeaderLines, keep } from '../message/headers.js'
import type { CacheResponse } from '../message/message.js'
import type { UrlKey } from '../rules/key.js'
import { asksForPart, type NarrowingRules, narrow } from '../rules/narrowing.js'
import type { HttpCacheRules } from '../rules/options.js'
import type { Exchange, HeadDecision, Rerun, ResponseHead, RunPlan } from './exchange.js'

/** Why a handler runs, as Cache-Status has it. */
export type Forward = (CacheStatus & { readonly hit: false })['forward']

export interface Passed {
  readonly forward: Forward
  readonly detail?: string | undefined
}

/** What a route says of the Cache-Status field. */
type StatusRules = Pick<HttpCacheRules, 'cacheStatus' | 'gatewayErrors'>

/** Decides what replaces a failure of the handler; `undefined` where there is no failure, or no replacement. */
export type StandIn = (head: ResponseHead) => HeadDecision | undefined

/** Runs the handler for this client alone, with all that the client sent. */
export function runOpenly(exchange: Exchange, rules: StatusRules, status: Passed, standIn?: StandIn): void {
  void exchange.run(observing(rules, status, { standIn }))
}

/**
 * Runs the handler for this client alone, on a route whose responses are shared. It sees what it would see for a response
 * that is stored, and also fields that ask for a part, since this one may be partial (RFC 9110 sections 13.1, 14.2).
 */
export function runAlone(
  exchange: Pick<Exchange, 'request'> & Rerun,
  key: UrlKey,
  rules: NarrowingRules & StatusRules,
  status: Passed,
  watch: Watch = {},
): void {
  const seen = narrow(exchange.request, key, rules)
  const sees = { ...seen, headers: [...seen.headers, ...keep(exchange.request.headers, asksForPart)] }
  void exchange.run({ ...observing(rules, status, watch), sees })
}

interface Watch {
  /** Called with the head of the handler's answer. */
  readonly saw?: ((head: CacheResponse) => void) | undefined
  readonly standIn?: StandIn | undefined
}

function observing(rules: StatusRules, status: Passed, { saw, standIn }: Watch): RunPlan {
  const { cacheStatus } = rules
  return {
    mayBePartial: standIn !== undefined,
    onBrokenOff: brokenOff(status.forward, rules),
    onHead: (head) => {
      saw?.(head)
      return standIn?.(head) ?? withStatus(head.headers, { hit: false, ...status }, cacheStatus, false)
    },
  }
}

export function withStatus(
  headers: HeaderLines,
  status: CacheStatus,
  detail: CacheStatusDetail,
  capture: boolean,
): HeadDecision {
  return { headers: [...headers, ...cacheStatusLine(status, detail)], capture }
}

/** The fields of the 504 for a handler that breaks off its connection, where the route wants one (RFC 9111 section 5.2.2.2). */
export function brokenOff(forward: Forward, { gatewayErrors, cacheStatus }: StatusRules): (() => string[]) | undefined {
  if (!gatewayErrors) return undefined
  const status = { hit: false, forward, detail: 'the handler broke off the connection' } as const
  return () => ['Content-Length', '0', 'Connection', 'close', ...cacheStatusLine(status, cacheStatus)]
}
