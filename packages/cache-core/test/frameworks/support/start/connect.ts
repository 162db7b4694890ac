import connect from 'connect'
import { httpCache } from '../../../../src/frameworks/connect.js'
import { listen, startWith } from '../running-app.js'

export const startConnect = startWith(({ engine, cache, route, outside, handler }) => {
  const app = connect()
  app.use((req, res, next) => {
    outside(req, res)
    next()
  })
  app.use(httpCache(engine))
  if (route !== undefined) app.use(httpCache(cache, route))
  app.use((req, res) => void handler(req, res))
  return listen(app)
})
