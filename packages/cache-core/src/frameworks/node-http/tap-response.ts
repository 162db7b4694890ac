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
 * The head. `'asked early'`: the tap itself asks for it, before the first piece goes on its way. `'put'`: it is decided
 * and stands on the response, and Node writes it when a layer outside that gathers the body has done with it.
 * `'withdrawn'`: the response is nobody's concern any more.
 */
type HeadState = 'waited for' | 'asked early' | 'put' | 'begun' | 'withdrawn'

/**
 * What becomes of the pieces that the handler writes. `'early'`: they are kept until the head tells whether they are to
 * be. `'complete'`: the same, and there will be no more. `'captured'`: they are kept. `'let go'`: they are not kept, or no
 * longer. `'replaced'`: something else goes out in their place, so they go nowhere.
 */
type BodyState = 'early' | 'complete' | 'captured' | 'let go' | 'replaced'

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
  #head: HeadState = 'waited for'
  #body: BodyState = 'early'
  /** How many pieces were offered to the capture. */
  #pieces = 0
  /** Where the client gets a part of the body: cuts it out of the pieces. */
  #part: PartialBody | undefined

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
    if (this.#hasBegun) return false
    this.#head = 'withdrawn'
    this.#body = 'let go'
    // The cache further inside looks for the response first: then it waits for the end of this run, and is told of it.
    setImmediate(this.fail)
    return true
  }

  get #isWaiting(): boolean {
    return this.#head === 'waited for' || this.#head === 'asked early'
  }

  get #hasBegun(): boolean {
    return this.#head === 'put' || this.#head === 'begun'
  }

  /** The first call counts. */
  #finish(outcome: RunOutcome): void {
    this.#letSocketGo()
    if (this.#body !== 'replaced') this.#body = 'let go'
    this.#res.removeListener('close', this.#onClose)
    this.#plan.signal?.removeEventListener('abort', this.#onAbort)
    this.#resolve(outcome)
  }

  readonly #onAbort = (): void => this.#finish({ end: 'passed' })

  readonly #onClose = (): void => {
    // Over HTTP/2 a handler may answer on the stream beneath.
    if (this.#hasBegun || this.#res.headersSent) this.fail()
    else this.#plan.onAbandoned?.(this.fail)
  }

  readonly #writeHead = (status: number, ...rest: WriteHeadArguments): ServerResponse => {
    const res = this.#res
    const { writeHead } = this.#own
    if (this.#head === 'put') {
      this.#head = 'begun'
      writeHead.call(res, status)
      if (this.#body !== 'replaced') this.#afterHead(this.#body !== 'let go')
      return res
    }
    if (this.#body === 'replaced' && !res.headersSent) return res
    // Called again, Node's own says what is wrong with that.
    if (!this.#isWaiting) return writeHead.call(res, status, ...(rest as []))
    const head = headOf(res, writeHead, status, rest)
    // The layer that gathers the body asks for it again.
    const isPut = this.#head === 'asked early' && this.#isWrapped
    this.#head = 'begun'
    // A framework that keeps fields of its own gives them all, those of layers outside, too.
    if (!this.#keepsFields) for (const name of namesGiven(rest)) this.#log.hasSet(name)
    const changes = changesOf(this.#before, head.headers, this.#log)
    const { headers, capture, partial, instead, later } = this.#plan.onHead({ changes, ...head })
    if (instead !== undefined || later !== undefined) {
      this.#finish({ end: 'passed' })
      this.#body = 'replaced'
      if (instead !== undefined) this.#answerInstead(instead, headers)
      void later?.then((decided) => {
        if (!hasGone(res)) this.#answerInstead(decided.instead, decided.headers)
      })
      return res
    }
    let sent: Pick<Head, 'status' | 'statusText'> = head
    if (partial !== undefined) {
      this.#part = new PartialBody(partial.range)
      if (!isHttp2(res)) res.statusMessage = ''
      sent = { status: partial.status, statusText: '' }
    }
    putHead(res, sent, headers)
    if (isPut) {
      this.#head = 'put'
      if (!capture) this.#body = 'let go'
    } else {
      writeHead.call(res, sent.status)
      this.#afterHead(capture)
    }
    return res
  }

  /** The head is written: what was kept early is kept, or let go. */
  #afterHead(capture: boolean): void {
    const reason = capture ? this.#plan.onSent?.(linesSet(this.#res)) : undefined
    if (!capture) this.#finish({ end: 'passed' })
    else if (reason !== undefined) this.#finish({ end: 'passed', reason })
    else if (this.#body === 'let go') this.#finish(endOf(this.#plan.capture))
    else if (this.#plan.signal?.aborted) this.#body = 'let go'
    else if (this.#body === 'complete') this.#finish({ end: 'captured' })
    else this.#body = 'captured'
  }

  readonly #write = (chunk: unknown, encoding?: unknown, callback?: unknown): boolean => {
    const res = this.#res
    const { write } = this.#own
    this.#beginUnheard()
    this.#beginPart(chunk, encoding, false)
    if (this.#body === 'replaced') {
      tellLater(encoding, callback)
      return true
    }
    // Of a client that has gone no `drain` will come.
    const flows = (more: boolean): boolean => (more === false && this.#body === 'captured' && hasGone(res)) || more
    if (this.#part !== undefined && isPiece(chunk) && !res.writableEnded) {
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
    if (this.#body === 'replaced') {
      tellLater(chunk, encoding, callback)
      return res
    }
    const part = this.#part
    if (part !== undefined && !res.writableEnded) {
      this.#take(chunk, encoding)
      // First, since some responses (light-my-request's) write the last piece through `write`, which is cut by then.
      this.#part = undefined
      this.#takenAll()
      const cut = isPiece(chunk) ? part.cut(bytesOf(chunk, encoding)) : undefined
      end.call(res, cut, undefined, callbackOf(chunk, encoding, callback))
      return res
    }
    const before = this.#pieces
    end.call(res, chunk, encoding, callback)
    // Unless it was written through `write`, and taken there.
    if (this.#pieces === before) this.#take(chunk, encoding)
    this.#takenAll()
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
    if (this.#isWrapped) this.#head = 'put'
    else this.#own.writeHead.call(res, status)
    this.#own.end.call(res, body)
  }

  /** In place of a handler that breaks off. Whether it could still be answered. */
  #answerBrokenOff(headers: HeaderLines): boolean {
    if (!this.#isWaiting || this.#res.headersSent) return false
    this.#head = 'begun'
    this.fail()
    this.#body = 'replaced'
    this.#answerInstead({ status: 504, statusText: '', body: undefined }, headers)
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
    this.#head = 'asked early'
    try {
      // Not the tap's own: a layer inside may have overridden it.
      res.writeHead(res.statusCode)
    } finally {
      if (this.#isWaiting) this.#head = 'waited for'
    }
  }

  #take(chunk: unknown, encoding: unknown): void {
    const isKept = this.#body === 'early' || this.#body === 'captured'
    if (!isKept || !isPiece(chunk)) return
    this.#pieces++
    const { capture } = this.#plan
    if (capture?.keep(bytesOf(chunk, encoding)) === true) return
    // What the response comes to is only known with its head.
    if (this.#body === 'early') this.#body = 'let go'
    else this.#finish(endOf(capture))
  }

  /** The handler has written its last piece. */
  #takenAll(): void {
    if (this.#body === 'captured') this.#finish({ end: 'captured' })
    else if (this.#body === 'early') this.#body = 'complete'
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
