import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { HeldBack } from './held-back.js'

/** Statuses without a body: Node ends the stream with the head. */
const HEAD_ALONE = new Set([204, 205, 304])

/**
 * Holds back the frames that complete a response over HTTP/2: the last one, data or head, says that it is. So what waits are
 * the calls on the stream that would send it.
 */
export class HeldFrames implements HeldBack {
  readonly #calls: (() => void)[] = []
  #waits = 0

  constructor(res: ServerResponse) {
    const { stream } = res as unknown as { readonly stream: ServerHttp2Stream }
    const { respond, end } = stream
    stream.respond = (headers, options) => {
      if (options?.endStream !== true && !HEAD_ALONE.has(Number(headers?.[':status']))) {
        respond.call(stream, headers, options)
        return
      }
      // Called before it is known what to wait for. To the handler the head looks sent.
      Object.defineProperty(stream, 'headersSent', { configurable: true, get: () => true })
      this.#calls.push(() => {
        Reflect.deleteProperty(stream, 'headersSent')
        if (!stream.destroyed) respond.call(stream, headers, options)
      })
    }
    stream.end = ((...rest: Parameters<typeof end>) => {
      if (this.#waits === 0) return end.apply(stream, rest)
      this.#calls.push(() => end.apply(stream, rest))
      return stream
    }) as typeof end
  }

  expect(): void {}

  until(settled: Promise<void> | undefined): void {
    if (settled === undefined) this.#release()
    else {
      this.#waits++
      void settled.then(() => {
        this.#waits--
        this.#release()
      })
    }
  }

  ending(end: () => ServerResponse): ServerResponse {
    return end()
  }

  #release(): void {
    if (this.#waits > 0) return
    for (const call of this.#calls.splice(0)) call()
  }
}
