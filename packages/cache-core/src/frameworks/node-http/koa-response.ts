import { pipeline, Stream, Transform, type TransformCallback } from 'node:stream'
import type { Context } from 'koa'
import type { BodyCapture } from '../../http/engine/body-capture.js'
import type { RunOutcome, RunPlan } from '../../http/engine/exchange.js'
import type { HeaderLines } from '../../http/message/headers.js'
import type { ByteRange } from '../../http/message/range.js'
import type { HeadChanges } from '../../http/rules/head-changes.js'
import { isOverHttp2 } from './over-http2.js'
import { linesSet, setLines } from './response-head.js'

/**
 * Whether the context holds a response that can be taken from there. The tap on the response below takes the rest: what a
 * handler writes to `ctx.res`, responses without a body, a 304, and bodies of fetch.
 */
export function standsOnContext(ctx: Context): boolean {
  return (
    ctx.respond !== false && ctx.status !== 304 && !ctx.res.headersSent && (isStream(ctx.body) || isWhole(ctx.body))
  )
}

/** Takes the response from the context. @param changes What the handler did to the head, given the present lines. */
export function takeResponse(
  ctx: Context,
  plan: RunPlan,
  changes: (now: HeaderLines) => HeadChanges,
): Promise<RunOutcome> {
  const { res } = ctx
  const body: unknown = ctx.body
  const lines = linesSet(res)
  const { headers, capture, partial, instead } = plan.onHead({
    status: ctx.status,
    statusText: isOverHttp2(ctx.req) ? '' : res.statusMessage,
    headers: lines,
    changes: changes(lines),
  })
  let outcome: Promise<RunOutcome> = Promise.resolve({ end: 'passed' })
  if (instead !== undefined) {
    if (isStream(body)) body.destroy()
    ctx.body = instead.body === undefined ? null : Buffer.from(instead.body)
    ctx.status = instead.status
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    setLines(res, headers)
    return outcome
  }
  // The part for the client; all of it where it asked for no part.
  const part = partial === undefined ? WHOLE : (partial.range ?? NONE)
  if (capture && isStream(body)) {
    const copy = new Copy(plan.capture, part)
    outcome = copied(body, copy, plan.signal)
    ctx.body = copy
  } else if (capture) {
    const bytes = bytesOf(body)
    if (plan.capture?.keep(bytes)) outcome = Promise.resolve({ end: 'captured' })
    ctx.body = bytes.subarray(part.start, part.end)
  }
  if (partial !== undefined) ctx.status = partial.status
  const length = capture ? res.getHeader('content-length') : undefined
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  setLines(res, headers)
  if (length !== undefined) res.setHeader('content-length', length)
  return outcome
}

const WHOLE: ByteRange = { start: 0, end: Number.POSITIVE_INFINITY }
const NONE: ByteRange = { start: 0, end: 0 }

function isStream(body: unknown): body is Stream.Readable {
  return body instanceof Stream.Readable
}

/** Whether a body is complete: text, bytes, or a value that goes out as JSON. */
function isWhole(body: unknown): boolean {
  if (body === undefined || body === null || body instanceof Stream) return false
  return !(body instanceof Blob || body instanceof ReadableStream || body instanceof Response)
}

/** As Koa would send it. */
function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

function copied(source: Stream.Readable, copy: Copy, signal: AbortSignal | undefined): Promise<RunOutcome> {
  return new Promise((resolve) => {
    copy.once('overflow', () => resolve({ end: 'passed' }))
    signal?.addEventListener('abort', () => resolve({ end: 'passed' }), { once: true })
    pipeline(source, copy, (error) => {
      resolve({ end: error ? 'broken' : 'captured' })
    })
  })
}

/** Passes on a part of a stream, and keeps all of it for as long as it may. */
class Copy extends Transform {
  readonly #capture: BodyCapture | undefined
  readonly #part: ByteRange
  #bytes = 0
  #kept = true

  constructor(capture: BodyCapture | undefined, part: ByteRange) {
    super()
    this.#capture = capture
    this.#part = part
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    const { start, end } = this.#part
    const at = this.#bytes
    this.#bytes += piece.byteLength
    if (this.#kept && this.#capture?.keep(piece) !== true) {
      this.#kept = false
      this.emit('overflow')
    }
    callback(null, piece.subarray(Math.max(0, start - at), Math.max(0, end - at)))
  }
}
