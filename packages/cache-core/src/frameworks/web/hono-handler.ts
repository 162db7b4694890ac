import type { Context, Next } from 'hono'
import type { HeaderLines } from '../../http/message/headers.js'
import { type HeadLog, NO_LOG } from '../../http/rules/head-changes.js'
import { watchHead } from './hono-head.js'
import { showRequest } from './hono-request.js'
import type { Narrowing, WebHandler } from './web-exchange.js'
import { linesOf } from './web-response.js'

/** What stands behind a middleware of Hono: it reads the request, and writes the response, on the context. */
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

  /** Asked of the context without `c.res`, which would make one: Hono then puts its fields over the handler's. */
  outside(): HeaderLines {
    const made = this.#context.newResponse(null)
    return hasNoFields(made) ? NO_LINES : linesOf(made.headers)
  }

  /** Hono's secureHeaders sets its policy behind the handler, and tells the nonce of it before. */
  coming(): readonly string[] {
    const nonce: unknown = this.#context.get('secureHeadersNonce')
    return typeof nonce === 'string' ? [`'nonce-${nonce}'`] : []
  }
}

const NO_LINES: HeaderLines = []

/** Where the response of @hono/node-server keeps status, body and fields until it is asked for one of them. */
let unread: symbol | undefined

/** Whether a response is known to have no fields without asking it, which makes fields of it. */
function hasNoFields(response: Response): boolean {
  const kept = response as unknown as Readonly<Record<symbol, unknown>>
  unread ??= Object.getOwnPropertySymbols(response).find(({ description }) => description === 'cache')
  const parts = unread && kept[unread]
  return Array.isArray(parts) && parts.length === 3 && parts[1] === null && parts[2] === undefined
}
