import type { ServerResponse } from 'node:http'
import type { BodyCapture } from '../../http/engine/body-capture.js'
import type { InsteadAnswer, RunOutcome, RunPlan } from '../../http/engine/exchange.js'
import type { HeaderLines } from '../../http/message/headers.js'
import { changesOf } from '../../http/rules/head-changes.js'
import { FieldLog, logFields } from './field-log.js'
import { PartialBody } from './partial-body.js'
import { bytesOf, isPiece } from './pieces.js'
import { headOf, isHttp2, linesSet, namesGiven, sendHead, type WriteHeadArguments } from './response-head.js'

type Write = (chunk?: unknown, encoding?: unknown, callback?: unknown) => boolean
type End = (chunk?: unknown, encoding?: unknown, callback?: unknown) => ServerResponse

export interface Tap {
  readonly outcome: Promise<RunOutcome>
  /** The handler has failed, and nothing more is to be expected of it. */
  fail(): void
  /** Lets the response go, unless it has begun: from now on it is nobody's concern, and its outcome is `'broken'`. */
  withdraw(): boolean
}

/**
 * Observes a response while it goes out: its head may be changed, its body is kept where the plan says so. The methods
 * are overridden as own properties, because frameworks exchange the prototype.
 *
 * A client that goes away before the response begins does not end the capture: others wait for it, too. When it goes
 * away later, nobody may read the rest out of the handler (`pipe` has stopped), so the response counts as broken.
 *
 * @param before The field lines that layers outside have set.
 * @param logOthers Where a framework keeps fields of its own until it writes the head: writes down what becomes of those.
 */
export function tapResponse(
  res: ServerResponse,
  plan: Omit<RunPlan, 'sees'>,
  before: HeaderLines,
  logOthers?: (log: FieldLog) => void,
): Tap {
  let fail!: () => void
  let withdraw!: () => boolean
  const outcome = new Promise<RunOutcome>((resolve) => {
    const writeHead = res.writeHead
    const write = res.write as Write
    const end = res.end as End
    const { destroy } = res
    let began = false
    let withdrawn = false
    // What nobody keeps, nobody has to know the making of.
    const log = plan.capture === undefined ? new FieldLog() : logFields(res)
    logOthers?.(log)
    let capturing = false
    let part: PartialBody | undefined
    let endsPart = false
    let isReplaced = false

    const answerInstead = ({ status, statusText, body }: InsteadAnswer, headers: HeaderLines): void => {
      if (!isHttp2(res)) res.statusMessage = ''
      sendHead(res, writeHead, { status, statusText }, headers)
      isReplaced = true
      end.call(res, body)
    }
    const letSocketGo = guardSocket(res, plan, (headers) => {
      if (began || withdrawn || res.headersSent) return false
      began = true
      answerInstead({ status: 504, statusText: '', body: undefined }, headers)
      fail()
      return true
    })
    const finish = (outcome: RunOutcome): void => {
      letSocketGo()
      capturing = false
      res.removeListener('close', onClose)
      plan.signal?.removeEventListener('abort', onAbort)
      resolve(outcome)
    }
    const onAbort = (): void => finish({ end: 'passed' })
    fail = () => finish({ end: 'broken' })
    withdraw = () => {
      if (began) return false
      withdrawn = true
      fail()
      return true
    }
    const onClose = (): void => {
      // Over HTTP/2 a handler may answer on the stream beneath.
      if (began || res.headersSent) fail()
      else plan.onAbandoned?.(fail)
    }
    res.on('close', onClose)
    plan.signal?.addEventListener('abort', onAbort)

    /** Node asks for no head any more when the client has gone. */
    const beginUnheard = (): void => {
      if (began || withdrawn || !hasGone(res)) return
      plan.capture?.unheard()
      res.writeHead(res.statusCode)
    }
    /** Whether it is a part is known with the head: before Node takes a piece, and asks for the head then. */
    const beginPart = (chunk: unknown, encoding: unknown, whole: boolean): void => {
      if (!plan.mayBePartial || began || withdrawn || res.headersSent || !(chunk === undefined || isPiece(chunk)))
        return
      // As Node does for a body that comes with the end.
      if (whole && isPiece(chunk) && !res.hasHeader('Content-Length') && !res.hasHeader('Transfer-Encoding')) {
        res.setHeader('Content-Length', bytesOf(chunk, encoding).byteLength)
      }
      res.writeHead(res.statusCode)
    }
    let taken = 0
    const take = (chunk: unknown, encoding: unknown): void => {
      if (!capturing || !isPiece(chunk)) return
      taken++
      if (plan.capture?.keep(bytesOf(chunk, encoding)) !== true) finish(endOf(plan.capture))
    }

    res.writeHead = ((status: number, ...rest: WriteHeadArguments) => {
      // Called again, Node's own says what is wrong with that.
      if (began || withdrawn) return writeHead.call(res, status, ...(rest as []))
      const head = headOf(res, writeHead, status, rest)
      began = true
      // A framework that keeps fields of its own gives them all, those of layers outside, too.
      if (logOthers === undefined) for (const name of namesGiven(rest)) log.hasSet(name)
      const changes = changesOf(before, head.headers, log)
      const { headers, capture, partial, instead } = plan.onHead({ ...head, changes })
      if (instead !== undefined) {
        answerInstead(instead, headers)
        finish({ end: 'passed' })
        return res
      }
      if (partial === undefined) sendHead(res, writeHead, head, headers)
      else {
        part = new PartialBody(partial.range)
        if (!isHttp2(res)) res.statusMessage = ''
        sendHead(res, writeHead, { status: partial.status, statusText: '' }, headers)
      }
      const reason = capture ? plan.onSent?.(linesSet(res)) : undefined
      if (!capture) finish({ end: 'passed' })
      else if (reason !== undefined) finish({ end: 'passed', reason })
      else capturing = plan.signal?.aborted !== true
      return res
    }) as ServerResponse['writeHead']

    res.write = ((chunk: unknown, encoding?: unknown, callback?: unknown) => {
      beginUnheard()
      beginPart(chunk, encoding, false)
      if (isReplaced) {
        whenReplaced(encoding, callback)
        return true
      }
      if (part !== undefined && !endsPart && isPiece(chunk) && !res.writableEnded) {
        take(chunk, encoding)
        const then = typeof encoding === 'function' ? encoding : callback
        const cut = part.cut(bytesOf(chunk, encoding))
        if (cut !== undefined) return write.call(res, cut, then) || (capturing && hasGone(res))
        if (typeof then === 'function') process.nextTick(then as () => void)
        return true
      }
      const more = write.call(res, chunk, encoding, callback)
      take(chunk, encoding)
      // Of a client that has gone no `drain` will come.
      return more || (capturing && hasGone(res))
    }) as ServerResponse['write']

    res.end = ((chunk?: unknown, encoding?: unknown, callback?: unknown) => {
      beginUnheard()
      beginPart(typeof chunk === 'function' ? undefined : chunk, encoding, true)
      if (isReplaced) {
        whenReplaced(chunk, encoding, callback)
        return res
      }
      if (part !== undefined && !res.writableEnded) {
        endsPart = true
        take(chunk, encoding)
        const cut = isPiece(chunk) ? part.cut(bytesOf(chunk, encoding)) : undefined
        end.call(
          res,
          cut,
          undefined,
          [chunk, encoding, callback].find((given) => typeof given === 'function'),
        )
      } else {
        const before = taken
        end.call(res, chunk, encoding, callback)
        // Some responses (light-my-request's) write the last chunk through `write`, where it was taken already.
        if (taken === before) take(chunk, encoding)
      }
      if (capturing) finish({ end: 'captured' })
      return res
    }) as ServerResponse['end']

    res.destroy = (error?: Error) => {
      // Before the end the handler gave up; after it this is the server tidying up.
      if (!res.writableEnded) fail()
      return destroy.call(res, error)
    }
  })
  return { outcome, fail, withdraw }
}

/**
 * Answers in place of a handler that destroys the socket of its client. What Node itself destroys for an error, or a
 * client has closed, is not answered any more.
 * @param answer Whether it could still be answered.
 * @returns what leaves the socket alone again: the next request on it may be another cache's.
 */
function guardSocket(
  res: ServerResponse,
  { onBrokenOff }: Omit<RunPlan, 'sees'>,
  answer: (headers: HeaderLines) => boolean,
): () => void {
  const { socket } = res
  if (onBrokenOff === undefined || socket === null || isHttp2(res)) return () => {}
  const { destroy } = socket
  const letGo = (): void => {
    if (socket.destroy === guarded) Reflect.deleteProperty(socket, 'destroy')
  }
  const guarded = (error?: Error): typeof socket => {
    letGo()
    const isOver = error !== undefined || !socket.writable || socket.readableEnded
    return !isOver && answer(onBrokenOff()) ? socket : destroy.call(socket, error)
  }
  socket.destroy = guarded
  return letGo
}

/** What the handler still writes goes nowhere; it is told as if it did. */
function whenReplaced(...given: readonly unknown[]): void {
  const then = given.find((one) => typeof one === 'function')
  if (then !== undefined) process.nextTick(then as () => void)
}

/** A response over HTTP/2 only knows by its stream. */
function hasGone(res: ServerResponse & { readonly stream?: { readonly destroyed: boolean } }): boolean {
  return res.destroyed || (isHttp2(res) && res.stream?.destroyed === true)
}

/** The outcome where a body is not kept any more: of one that nobody hears, others may get more. */
function endOf(capture: BodyCapture | undefined): RunOutcome {
  return { end: capture?.ended === 'unheard' ? 'broken' : 'passed' }
}
