import { httpCache } from '@tiercel/cache-core/express'
import express5 from 'express'
import express4 from 'express4'
import type { Application, Place, Site } from '../support/application.js'
import { RequestContext } from './context.js'
import { expressInnerLayers, expressOuterLayers, expressWatchers } from './express-layers.js'
import { expressRoutes } from './express-routes.js'
import { listen } from './listen.js'

export const expressFive: Application = {
  name: 'Express 5',
  places: ['outside of all', 'inside of all'],
  randomCookies: ['sid', 'csrf'],
  statuses: { 'POST /static/digits.txt': 404 },
  start: (site) => start(express5, site),
}

export const expressFour: Application = {
  ...expressFive,
  name: 'Express 4',
  start: (site) => start(express4, site),
}

function start(express: typeof express5, site: Site): ReturnType<Application['start']> {
  const context = new RequestContext()
  const app = express()
  app.set('trust proxy', 'loopback')
  // In this environment Express logs no errors.
  app.set('env', 'test')
  const place = site.cache?.place
  const cacheIf = (here: Place): void => {
    if (site.cache !== undefined && place === here) app.use(httpCache(site.cache.engine))
  }
  app.use(expressWatchers(site, context))
  cacheIf('outside of all')
  app.use(expressOuterLayers())
  cacheIf('between')
  const { layers, csrf } = expressInnerLayers(express)
  app.use(layers)
  cacheIf('inside of all')
  expressRoutes(express, app, site, { context, csrf })
  return listen(app)
}
