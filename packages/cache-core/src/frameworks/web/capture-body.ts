import type { RunOutcome, RunPlan } from '../../http/engine/exchange.js'
import { bytesOf, type Chunk, isChunk, passOn, type WebBody } from './pass-on.js'

/** When capture ends before the body does. */
export type CaptureLimits = Pick<RunPlan, 'capture' | 'signal'>

export interface CapturedBody {
  /** What goes to the client. */
  readonly body: WebBody
  readonly outcome: Promise<RunOutcome>
  /** The client has gone: nobody may read the rest. */
  readonly abandon: () => void
}

/** Keeps a body while its client reads it, at the client's pace. */
export async function captureBody(source: ReadableStream<Chunk>, limits: CaptureLimits): Promise<CapturedBody> {
  const capture = new Capture(limits)
  const broken = (): void => capture.end('broken')
  const body = await passOn(source, {
    chunk: (chunk) => capture.keep(chunk),
    end: () => capture.end('captured'),
    broken,
  })
  return { body, outcome: capture.outcome, abandon: broken }
}

/**
 * Keeps a body whose client does not read it, or not all of it. It is read for others, at their pace, if it is not too large;
 * the client's copy holds no more than that.
 */
export function captureUnheard(source: ReadableStream<Chunk>, limits: CaptureLimits): CapturedBody {
  const capture = new Capture(limits)
  const [ours, theirs] = source.tee()
  const reader = ours.getReader()
  const read = async (): Promise<void> => {
    while (capture.going) {
      const { done, value } = await reader.read()
      if (done) return capture.end('captured')
      capture.keep(value)
    }
    await reader.cancel()
  }
  read().catch(() => capture.end('broken'))
  return { body: theirs, outcome: capture.outcome, abandon: () => {} }
}

class Capture {
  readonly outcome: Promise<RunOutcome>
  readonly #limits: CaptureLimits
  #settle!: (outcome: RunOutcome) => void
  #going = true

  constructor(limits: CaptureLimits) {
    this.#limits = limits
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve
    })
    if (limits.signal?.aborted) this.end('passed')
    else limits.signal?.addEventListener('abort', this.#onAbort)
  }

  get going(): boolean {
    return this.#going
  }

  keep(chunk: Chunk): void {
    if (!this.#going) return
    if (!isChunk(chunk)) {
      this.end('broken')
      return
    }
    const { capture } = this.#limits
    if (capture?.keep(typeof chunk === 'string' ? bytesOf(chunk) : chunk) === true) return
    this.end(capture?.ended === 'unheard' ? 'broken' : 'passed')
  }

  /** The first call counts. */
  end(end: RunOutcome['end']): void {
    if (!this.#going) return
    this.#going = false
    this.#limits.signal?.removeEventListener('abort', this.#onAbort)
    this.#settle({ end })
  }

  readonly #onAbort = (): void => this.end('passed')
}
