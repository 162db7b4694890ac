import { httpCache } from '@tiercel/cache-core/koa'
import Koa from 'koa'
import type { Application, Place } from '../support/application.js'
import { AFTER_NEXT, HEADS_WRITTEN_ANEW } from '../support/exemptions.js'
import { RequestContext } from './context.js'
import { koaLayers, koaWatchers } from './koa-layers.js'
import { koaRoutes } from './koa-routes.js'
import { listen } from './listen.js'

export const koaThree: Application = {
  name: 'Koa 3',
  places: ['outside of all', 'inside of all'],
  randomCookies: ['sid', 'sid.sig'],
  exemptions: [HEADS_WRITTEN_ANEW, AFTER_NEXT],
  lacks: /^\/(errors\/(after-end|twice)|upload|text|bytes|file.*|download|static\/.*|raw\/end\?half-closed)$/,
  statuses: {
    'DELETE /items': 405,
    'OPTIONS /items/1': 200,
    'OPTIONS /send/object': 200,
    'OPTIONS /cache-control/public': 200,
    'POST /items/1 (Origin: https://app.example)': 405,
  },
  start: (site) => {
    const app = new Koa({ proxy: true, keys: ['a secret of cookies'] })
    app.silent = true
    const context = new RequestContext()
    const cacheIf = (here: Place): void => {
      if (site.cache?.place === here) app.use(httpCache(site.cache.engine))
    }
    for (const layer of koaWatchers(site, context)) app.use(layer)
    cacheIf('outside of all')
    for (const layer of koaLayers(app)) app.use(layer)
    cacheIf('inside of all')
    const router = koaRoutes(site, context)
    app.use(router.routes()).use(router.allowedMethods())
    app.on('error', () => {})
    return listen(app.callback())
  },
}
