import type { ServerResponse } from 'node:http'
import type { WritePlan } from '../../http/engine/exchange.js'
import { first } from '../../http/message/headers.js'
import type { CacheResponse } from '../../http/message/message.js'
import type { HeldBack } from './held-back.js'
import { HeldBytes } from './held-bytes.js'
import { HeldFrames } from './held-frames.js'
import { isHttp2, type WriteHeadArguments, withField, writtenLines } from './response-head.js'

/**
 * Keeps back what completes a response until `invalidate` is settled. Node and every layer see the same calls in the
 * same order and answer them themselves; what waits is on its way to the socket already. So a handler that answers
 * twice, or writes too much, hears of it from Node.
 *
 * The methods stay overridden when all is sent: a layer inside may have overridden them again, over these.
 *
 * @returns what lets the response go, if it has not begun.
 */
export function holdEnd(res: ServerResponse, plan: WritePlan): () => void {
  const { writeHead, end } = res
  const back: HeldBack = isHttp2(res) ? new HeldFrames(res) : new HeldBytes(res)
  let head: CacheResponse | undefined
  let marked = false
  let withdrawn = false
  let turnIsOver = false

  const invalidate = (): void => back.until(plan.invalidate(head as CacheResponse))

  res.writeHead = ((status: number, ...rest: WriteHeadArguments) => {
    // Called again, Node's own says what is wrong with that.
    if (head !== undefined || withdrawn) return writeHead.call(res, status, ...(rest as []))
    const { cacheStatus } = plan
    const given = marked || cacheStatus === undefined ? rest : withField(res, rest, 'Cache-Status', cacheStatus)
    marked ||= given === rest
    const returned = writeHead.call(res, status, ...(given as []))
    head = { status: res.statusCode, headers: writtenLines(res, given) }
    back.expect(res.statusCode, first(head.headers, 'content-length'))
    setImmediate(() => {
      turnIsOver = true
    })
    invalidate()
    return returned
  }) as ServerResponse['writeHead']

  res.end = ((...rest: unknown[]) => {
    if (turnIsOver && !res.writableEnded) invalidate()
    return back.ending(() => (end as (...rest: unknown[]) => ServerResponse).apply(res, rest))
  }) as ServerResponse['end']

  return () => {
    withdrawn = head === undefined
  }
}
