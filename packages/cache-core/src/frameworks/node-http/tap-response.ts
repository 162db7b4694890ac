import type { ServerResponse } from 'node:http'
import type { BodyCapture } from '../../http/engine/body-capture.js'
import type { InsteadAnswer, RunOutcome, RunPlan } from '../../http/engine/exchange.js'
import type { HeaderLines } from '../../http/message/headers.js'
import { changesOf } from '../../http/rules/head-changes.js'
import { FieldLog, logFields } from './field-log.js'
import { guardSocket } from './guard-socket.js'
import { PartialBody } from './partial-body.js'
import { bytesOf, isPiece } from './pieces.js'
import {
  type Head,
  headOf,
  isHttp2,
  isWrapped,
  linesSet,
  namesGiven,
  putHead,
  type WriteHeadArguments,
} from './response-head.js'

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
  return new ResponseTap(res, plan, before, logOthers)
}

class ResponseTap implements Tap {
  readonly outcome: Promise<RunOutcome>
  readonly #res: ServerResponse
  readonly #plan: Omit<RunPlan, 'sees'>
  readonly #before: HeaderLines
  readonly #keepsFields: boolean
  readonly #log: FieldLog
  /** The methods as they were. */
  readonly #own: Pick<ServerResponse, 'writeHead' | 'destroy'> & { readonly write: Write; readonly end: End }
  readonly #letSocketGo: () => void
  #resolve!: (outcome: RunOutcome) => void
  readonly #isWrapped: boolean
  #head: 'waited for' | 'begun' | 'withdrawn' = 'waited for'
  /** The head is decided and put on the response, and whether it is captured; Node has not asked for it yet. */
  #put: { readonly capture: boolean } | undefined
  /** Asked for here, before a layer outside gets the first piece. */
  #asksFirst = false
  #capturing = false
  /** A piece that came before the head was one too many, or the outcome is known. */
  #takesNoMore = false
  #hasEnded = false
  /** How many pieces have come while they were captured. */
  #taken = 0
  #part: PartialBody | undefined
  #partEnds = false
  #isReplaced = false

  constructor(
    res: ServerResponse,
    plan: Omit<RunPlan, 'sees'>,
    before: HeaderLines,
    logOthers: ((log: FieldLog) => void) | undefined,
  ) {
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#res = res
    this.#plan = plan
    this.#before = before
    this.#keepsFields = logOthers !== undefined
    this.#isWrapped = isWrapped(res)
    this.#own = { writeHead: res.writeHead, write: res.write as Write, end: res.end as End, destroy: res.destroy }
    // What nobody keeps, nobody has to know the making of.
    this.#log = plan.capture === undefined ? new FieldLog() : logFields(res)
    logOthers?.(this.#log)
    this.#letSocketGo = guardSocket(res, plan, (headers) => this.#answerBrokenOff(headers))
    res.on('close', this.#onClose)
    plan.signal?.addEventListener('abort', this.#onAbort)
    res.writeHead = this.#writeHead as ServerResponse['writeHead']
    res.write = this.#write as ServerResponse['write']
    res.end = this.#end as ServerResponse['end']
    res.destroy = this.#destroy
  }

  readonly fail = (): void => this.#finish({ end: 'broken' })

  readonly withdraw = (): boolean => {
    if (this.#head === 'begun') return false
    this.#head = 'withdrawn'
    // The cache further inside looks for the response first: then it waits for the end of this run, and is told of it.
    setImmediate(this.fail)
    return true
  }

  #finish(outcome: RunOutcome): void {
    this.#letSocketGo()
    this.#capturing = false
    this.#takesNoMore = true
    this.#res.removeListener('close', this.#onClose)
    this.#plan.signal?.removeEventListener('abort', this.#onAbort)
    this.#resolve(outcome)
  }

  readonly #onAbort = (): void => this.#finish({ end: 'passed' })

  readonly #onClose = (): void => {
    // Over HTTP/2 a handler may answer on the stream beneath.
    if (this.#head === 'begun' || this.#res.headersSent) this.fail()
    else this.#plan.onAbandoned?.(this.fail)
  }

  readonly #writeHead = (status: number, ...rest: WriteHeadArguments): ServerResponse => {
    const res = this.#res
    const { writeHead } = this.#own
    const put = this.#put
    if (put !== undefined) {
      this.#put = undefined
      writeHead.call(res, status)
      this.#afterHead(put.capture)
      return res
    }
    if (this.#isReplaced && !res.headersSent) return res
    // Called again, Node's own says what is wrong with that.
    if (this.#head !== 'waited for') return writeHead.call(res, status, ...(rest as []))
    const head = headOf(res, writeHead, status, rest)
    this.#head = 'begun'
    // A framework that keeps fields of its own gives them all, those of layers outside, too.
    if (!this.#keepsFields) for (const name of namesGiven(rest)) this.#log.hasSet(name)
    const changes = changesOf(this.#before, head.headers, this.#log)
    const { headers, capture, partial, instead, later } = this.#plan.onHead({ ...head, changes })
    if (instead !== undefined || later !== undefined) {
      this.#isReplaced = true
      if (instead !== undefined) this.#answerInstead(instead, headers)
      void later?.then((decided) => {
        if (!hasGone(res)) this.#answerInstead(decided.instead, decided.headers)
      })
      this.#finish({ end: 'passed' })
      return res
    }
    let sent: Pick<Head, 'status' | 'statusText'> = head
    if (partial !== undefined) {
      this.#part = new PartialBody(partial.range)
      if (!isHttp2(res)) res.statusMessage = ''
      sent = { status: partial.status, statusText: '' }
    }
    putHead(res, sent, headers)
    if (this.#asksFirst && this.#isWrapped) this.#put = { capture }
    else {
      writeHead.call(res, sent.status)
      this.#afterHead(capture)
    }
    return res
  }

  #afterHead(capture: boolean): void {
    const reason = capture ? this.#plan.onSent?.(linesSet(this.#res)) : undefined
    if (!capture) this.#finish({ end: 'passed' })
    else if (reason !== undefined) this.#finish({ end: 'passed', reason })
    else if (this.#takesNoMore) this.#finish(endOf(this.#plan.capture))
    else this.#capturing = this.#plan.signal?.aborted !== true
    if (this.#capturing && this.#hasEnded) this.#finish({ end: 'captured' })
  }

  readonly #write = (chunk: unknown, encoding?: unknown, callback?: unknown): boolean => {
    const res = this.#res
    const { write } = this.#own
    this.#beginUnheard()
    this.#beginPart(chunk, encoding, false)
    if (this.#isReplaced) {
      tellLater(encoding, callback)
      return true
    }
    // Of a client that has gone no `drain` will come.
    const flows = (more: boolean): boolean => (more === false && this.#capturing && hasGone(res)) || more
    if (this.#part !== undefined && !this.#partEnds && isPiece(chunk) && !res.writableEnded) {
      this.#take(chunk, encoding)
      const cut = this.#part.cut(bytesOf(chunk, encoding))
      if (cut !== undefined) return flows(write.call(res, cut, typeof encoding === 'function' ? encoding : callback))
      tellLater(encoding, callback)
      return true
    }
    const more = write.call(res, chunk, encoding, callback)
    this.#take(chunk, encoding)
    return flows(more)
  }

  readonly #end = (chunk?: unknown, encoding?: unknown, callback?: unknown): ServerResponse => {
    const res = this.#res
    const { end } = this.#own
    this.#beginUnheard()
    this.#beginPart(typeof chunk === 'function' ? undefined : chunk, encoding, true)
    if (this.#isReplaced) {
      tellLater(chunk, encoding, callback)
      return res
    }
    if (this.#part !== undefined && !res.writableEnded) {
      this.#partEnds = true
      this.#take(chunk, encoding)
      const cut = isPiece(chunk) ? this.#part.cut(bytesOf(chunk, encoding)) : undefined
      end.call(res, cut, undefined, callbackOf(chunk, encoding, callback))
    } else {
      const before = this.#taken
      end.call(res, chunk, encoding, callback)
      // Some responses (light-my-request's) write the last chunk through `write`, where it was taken already.
      if (this.#taken === before) this.#take(chunk, encoding)
    }
    this.#hasEnded = true
    if (this.#capturing) this.#finish({ end: 'captured' })
    return res
  }

  readonly #destroy = (error?: Error): ServerResponse => {
    // Before the end the handler gave up; after it this is the server tidying up.
    if (!this.#res.writableEnded) this.fail()
    return this.#own.destroy.call(this.#res, error)
  }

  #answerInstead({ status, statusText, body }: InsteadAnswer, headers: HeaderLines): void {
    const res = this.#res
    if (!isHttp2(res)) res.statusMessage = ''
    putHead(res, { status, statusText }, headers)
    if (this.#isWrapped) this.#put = { capture: false }
    else this.#own.writeHead.call(res, status)
    this.#isReplaced = true
    this.#own.end.call(res, body)
  }

  /** In place of a handler that breaks off. Whether it could still be answered. */
  #answerBrokenOff(headers: HeaderLines): boolean {
    if (this.#head !== 'waited for' || this.#res.headersSent) return false
    this.#head = 'begun'
    this.#answerInstead({ status: 504, statusText: '', body: undefined }, headers)
    this.fail()
    return true
  }

  /** Node asks for no head any more when the client has gone. */
  #beginUnheard(): void {
    const res = this.#res
    if (this.#head !== 'waited for' || !hasGone(res)) return
    this.#plan.capture?.unheard()
    res.writeHead(res.statusCode)
  }

  /** Whether it is a part is known with the head: before Node takes a piece, and asks for the head then. */
  #beginPart(chunk: unknown, encoding: unknown, whole: boolean): void {
    const res = this.#res
    if (!this.#plan.mayBePartial || this.#head !== 'waited for' || res.headersSent) return
    if (chunk !== undefined && !isPiece(chunk)) return
    // As Node does for a body that comes with the end.
    if (whole && isPiece(chunk) && !res.hasHeader('Content-Length') && !res.hasHeader('Transfer-Encoding')) {
      res.setHeader('Content-Length', bytesOf(chunk, encoding).byteLength)
    }
    this.#asksFirst = true
    try {
      res.writeHead(res.statusCode)
    } finally {
      this.#asksFirst = false
    }
  }

  #take(chunk: unknown, encoding: unknown): void {
    // A layer outside that gathers the body asks for the head at its end.
    const isEarly = this.#head === 'waited for' || this.#put !== undefined
    if ((!this.#capturing && !isEarly) || this.#takesNoMore || !isPiece(chunk)) return
    this.#taken++
    const { capture } = this.#plan
    if (capture?.keep(bytesOf(chunk, encoding)) === true) return
    if (isEarly) this.#takesNoMore = true
    else this.#finish(endOf(capture))
  }
}

/** What the handler writes goes nowhere; it is told as if it did. */
function tellLater(...given: readonly unknown[]): void {
  const then = callbackOf(...given)
  if (then !== undefined) process.nextTick(then)
}

function callbackOf(...given: readonly unknown[]): (() => void) | undefined {
  return given.find((one) => typeof one === 'function') as (() => void) | undefined
}

/** A response over HTTP/2 only knows by its stream. */
function hasGone(res: ServerResponse & { readonly stream?: { readonly destroyed: boolean } }): boolean {
  return res.destroyed || (isHttp2(res) && res.stream?.destroyed === true)
}

/** The outcome where a body is not kept any more: of one that nobody hears, others may get more. */
function endOf(capture: BodyCapture | undefined): RunOutcome {
  return { end: capture?.ended === 'unheard' ? 'broken' : 'passed' }
}
