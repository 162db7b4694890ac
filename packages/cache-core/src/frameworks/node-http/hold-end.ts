import type { ServerResponse } from 'node:http'
import type { BodyCapture } from '../../http/engine/body-capture.js'
import type { WritePlan } from '../../http/engine/exchange.js'
import { first, type HeaderLines } from '../../http/message/headers.js'
import type { CacheResponse } from '../../http/message/message.js'
import { changesOf, NO_LOG } from '../../http/rules/head-changes.js'
import type { HeldBack } from './held-back.js'
import { HeldBytes } from './held-bytes.js'
import { HeldFrames } from './held-frames.js'
import { bytesOf, isPiece } from './pieces.js'
import { isHttp2, statusTextOf, type WriteHeadArguments, withField, writtenLines } from './response-head.js'

/**
 * Keeps back what completes a response until `invalidate` is settled. Node and every layer see the same calls in the same
 * order and answer them themselves: only what is on its way to the socket waits. So a handler that answers twice, or writes
 * too much, gets Node's own error.
 *
 * The methods stay overridden after the end, since a layer inside may have overridden them again.
 *
 * @returns a function that lets the response go, if it has not begun.
 */
export function holdEnd(res: ServerResponse, plan: WritePlan, before: HeaderLines): () => void {
  const { writeHead, end } = res
  const write = res.write as (...rest: unknown[]) => boolean
  const back: HeldBack = isHttp2(res) ? new HeldFrames(res) : new HeldBytes(res)
  let head: CacheResponse | undefined
  let marked = false
  let withdrawn = false
  let turnIsOver = false
  let body: BodyCapture | undefined
  let taken = 0

  const take = (chunk: unknown, encoding: unknown): void => {
    if (body === undefined || !isPiece(chunk)) return
    taken++
    body.keep(bytesOf(chunk, encoding))
  }
  const invalidate = (): void => back.until(plan.invalidate(head as CacheResponse))

  res.writeHead = ((status: number, ...rest: WriteHeadArguments) => {
    // A second call gets Node's own error.
    if (head !== undefined || withdrawn) return writeHead.call(res, status, ...(rest as []))
    const { cacheStatus } = plan
    const given = marked || cacheStatus === undefined ? rest : withField(res, rest, 'Cache-Status', cacheStatus)
    marked ||= given === rest
    const returned = writeHead.call(res, status, ...(given as []))
    head = { status: res.statusCode, headers: writtenLines(res, given) }
    const changes = changesOf(before, head.headers, NO_LOG)
    body = plan.capture?.({ ...head, statusText: statusTextOf(res, given), changes })
    back.expect(res.statusCode, first(head.headers, 'content-length'))
    setImmediate(() => {
      turnIsOver = true
    })
    invalidate()
    return returned
  }) as ServerResponse['writeHead']

  // Without capture, writes need not be observed.
  if (plan.capture !== undefined) {
    res.write = ((...rest: unknown[]) => {
      const more = write.apply(res, rest)
      take(rest[0], rest[1])
      return more
    }) as ServerResponse['write']
  }

  res.end = ((...rest: unknown[]) => {
    const again = res.writableEnded
    if (turnIsOver && !again) invalidate()
    return back.ending(() => {
      const written = taken
      const ended = (end as (...rest: unknown[]) => ServerResponse).apply(res, rest)
      if (again || body === undefined) return ended
      // Some responses (light-my-request's) write the last chunk through `write`.
      if (taken === written) take(rest[0], rest[1])
      back.until(plan.keep?.())
      return ended
    })
  }) as ServerResponse['end']

  return () => {
    withdrawn = head === undefined
  }
}
