import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { exchangeOf, type Site } from '../support/application.js'
import { HANDLER } from '../support/exemptions.js'

/** One for all runs: Node 20 consults every one that was ever used at every promise. */
const storage = new AsyncLocalStorage<string>()

/** The context that an outer layer makes for each request, as tracing and logging do. */
export class RequestContext {
  run<Result>(req: IncomingMessage, inside: () => Result): Result {
    return storage.run(exchangeOf(req), inside)
  }

  /** Notes what a handler sees of it, at once and after waiting. */
  async noteIn(req: IncomingMessage, site: Site): Promise<void> {
    site.note(req, `${HANDLER}context ${storage.getStore()}`)
    await turn()
    site.note(req, `${HANDLER}context after waiting ${storage.getStore()}`)
  }
}
