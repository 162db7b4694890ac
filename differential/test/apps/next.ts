import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { httpCache } from '@tiercel/cache-core/node'
import { type Application, exchangeOf } from '../support/application.js'
import { edit } from '../support/edit-reply.js'
import type { Exemption } from '../support/exemptions.js'
import type { Recording } from '../support/recording.js'
import { running } from './listen.js'

/** The part of Next that a custom server uses. Next is installed when the test runs. */
export interface NextApp {
  prepare(): Promise<void>
  getRequestHandler(): (req: IncomingMessage, res: ServerResponse) => Promise<void>
  close(): Promise<void>
}

export type Next = (options: {
  readonly dev: boolean
  readonly dir: string
  readonly hostname: string
  readonly port: number
}) => NextApp

const withoutIds = (recording: Recording): Recording =>
  edit(recording, (reply) => ({
    ...reply,
    body: Buffer.from(reply.body.toString('latin1').replaceAll(/"[\w-]{21}([mv])"/g, '"<id>$1"'), 'latin1'),
  }))

const RANDOM_IDS: Exemption = {
  name: 'ids in what the router of the browser gets',
  reason: 'Next makes one for each rendering, for the keys of head and viewport',
  apply: ({ round, plain, cached }) => ({ round, plain: withoutIds(plain), cached: withoutIds(cached) }),
}

let sites = 0

/** A Next.js application behind custom servers, with the cache in front of all of it. A process has only one Next. */
export function nextApplication(prepared: () => NextApp): Application {
  return {
    name: 'Next 16',
    places: ['outside of all'],
    exemptions: [RANDOM_IDS],
    start: (site) => {
      const handle = prepared().getRequestHandler()
      const cached = site.cache && httpCache(site.cache.engine)
      const name = `site-${++sites}`
      const server = createServer((req, res) => {
        const asked = `${req.method} ${req.url}`
        res.on('finish', () => site.note(req, `log: ${asked} ${req.method} ${req.url} ${res.statusCode}`))
        res.on('close', () => site.signals.say(exchangeOf(req), 'client gone'))
        // Both applications share the process, and this field separates their state.
        req.headers['x-site'] = name
        if (cached === undefined) void handle(req, res)
        else cached(req, res, () => handle(req, res))
      })
      return running(server)
    },
  }
}
