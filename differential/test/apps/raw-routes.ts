import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Site } from '../support/application.js'
import { HANDLER } from '../support/exemptions.js'
import { rawAnswers } from './raw-answers.js'
import { codeIn, type RawHandler } from './raw-handler.js'
import { rawRequests } from './raw-requests.js'
import { rawState } from './raw-state.js'

/** Every way of answering in node:http, for every framework: each is at `/raw/<name>`, for all methods. */
export const rawRoutes: Readonly<Record<string, RawHandler>> = {
  ...rawAnswers,
  ...rawState,
  ...rawRequests,
}

/** Runs a handler as on a plain server, where no framework hears of errors. */
export async function runRaw(
  handler: RawHandler,
  req: IncomingMessage,
  res: ServerResponse,
  site: Site,
): Promise<void> {
  try {
    await handler(req, res, site)
  } catch (error) {
    site.note(req, `${HANDLER}failed: ${codeIn(error)}`)
    if (res.headersSent) return void res.destroy()
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    res.writeHead(500).end('failed')
  }
}
