import express5 from 'express'
import express4 from 'express4'
import { httpCache } from '../../../../src/frameworks/express.js'
import { listen, type Start, startWith } from '../running-app.js'

export const startExpress4 = startOn(express4)
export const startExpress5 = startOn(express5)

function startOn(express: typeof express5): Start {
  return startWith(({ engine, cache, route, outside, handler }) => {
    const app = express()
    app.disable('x-powered-by')
    app.use((req, res, next) => {
      outside(req, res)
      next()
    })
    app.use(httpCache(engine))
    if (route !== undefined) app.use(httpCache(cache, route))
    app.use((req, res) => handler(req, res))
    return listen(app)
  })
}
