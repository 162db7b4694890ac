import { httpCache } from '../../../../src/frameworks/node.js'
import { listen, startWith } from '../running-app.js'

export const startNode = startWith(({ engine, outside, handler }) => {
  const cached = httpCache(engine)
  return listen((req, res) => {
    outside(req, res)
    cached(req, res, () => handler(req, res))
  })
})
