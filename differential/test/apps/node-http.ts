import { httpCache } from '@tiercel/cache-core/node'
import type { Application } from '../support/application.js'
import { listen } from './listen.js'
import { rawRoutes, runRaw } from './raw-routes.js'

export const nodeHttp: Application = {
  name: 'node:http',
  places: ['outside of all'],
  start: (site) => {
    const cached = site.cache && httpCache(site.cache.engine)
    return listen((req, res) => {
      const handle = (): void => {
        const path = (req.url ?? '').split('?')[0] ?? ''
        const handler = rawRoutes[path.replace('/raw/', '')]
        if (handler === undefined) res.writeHead(404).end('nothing here')
        else void runRaw(handler, req, res, site)
      }
      if (cached === undefined) handle()
      else cached(req, res, handle)
    })
  },
}
