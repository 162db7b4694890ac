import type { Context, Next } from 'hono'
import type { HeaderLines } from '../../http/message/headers.js'
import { type HeadLog, NO_LOG } from '../../http/rules/head-changes.js'
import { watchHead } from './hono-head.js'
import { showRequest } from './hono-request.js'
import type { Narrowing, WebHandler } from './web-exchange.js'
import { linesOf } from './web-response.js'

/** The handler behind a middleware of Hono, which reads the request from the context and writes the response to it. */
export class HonoHandler implements WebHandler {
  readonly headSeesBody = true
  readonly #context: Context
  readonly #next: Next
  #log = NO_LOG
  #restore: (() => void) | undefined

  constructor(context: Context, next: Next) {
    this.#context = context
    this.#next = next
  }

  get source(): Context {
    return this.#context
  }

  get log(): HeadLog {
    return this.#log
  }

  async proceed(shown: Request, narrowing: Narrowing | undefined): Promise<unknown> {
    const c = this.#context
    if (narrowing !== undefined) this.#restore = showRequest(c, shown, narrowing)
    const watch = watchHead(c, c.newResponse(null).headers)
    this.#log = watch.log
    try {
      await this.#next()
    } finally {
      watch.stop()
    }
    return c.finalized ? c.res : undefined
  }

  over(): void {
    this.#restore?.()
    this.#restore = undefined
  }

  /** Read without `c.res`, which would make a response, whose fields Hono then merges over the handler's. */
  outside(): HeaderLines {
    const made = this.#context.newResponse(null)
    return hasNoFields(made) ? NO_LINES : linesOf(made.headers)
  }

  /** Hono's secureHeaders sets its policy after the handler, but provides the nonce before. */
  coming(): readonly string[] {
    const nonce: unknown = this.#context.get('secureHeadersNonce')
    return typeof nonce === 'string' ? [`'nonce-${nonce}'`] : []
  }
}

const NO_LINES: HeaderLines = []

/** The symbol under which a response of @hono/node-server keeps status, body and fields until one of them is read. */
let unread: symbol | undefined

/** Whether a response certainly has no fields, found out without reading them, which would create them. */
function hasNoFields(response: Response): boolean {
  const kept = response as unknown as Readonly<Record<symbol, unknown>>
  unread ??= Object.getOwnPropertySymbols(response).find(({ description }) => description === 'cache')
  const parts = unread && kept[unread]
  return Array.isArray(parts) && parts.length === 3 && parts[1] === null && parts[2] === undefined
}
