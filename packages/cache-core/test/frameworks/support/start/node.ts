import { httpCache } from '../../../../src/frameworks/node.js'
import { listen, startWith } from '../running-app.js'

export const startNode = startWith(({ engine, cache, route, outside, handler }) => {
  const cached = httpCache(engine)
  const own = route === undefined ? undefined : httpCache(cache, route)
  return listen((req, res) => {
    outside(req, res)
    const answer = (): unknown => handler(req, res)
    cached(req, res, () => (own === undefined ? answer() : own(req, res, answer)))
  })
})
