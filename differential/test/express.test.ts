import { expressFive, expressFour } from './apps/express.js'
import { connectionScripts } from './scripts/connections.js'
import { expressScripts } from './scripts/express.js'
import { rawScripts } from './scripts/raw.js'
import * as shop from './scripts/shop.js'
import { differential } from './support/differential.js'

const scripts = [
  shop.crudScript,
  shop.tokensScript,
  shop.answersScript,
  shop.statusScript,
  shop.cacheControlScript,
  shop.conditionsScript,
  shop.encodingsScript,
  shop.filesScript(['/file', '/file-private', '/download', '/static/digits.txt'], { 'POST /static/digits.txt': 404 }),
  shop.corsScript,
  shop.errorsScript,
  shop.bodiesScript,
  shop.contextScript,
  shop.targetsScript,
  ...expressScripts,
  ...rawScripts,
  ...connectionScripts,
]

differential(expressFive, scripts)
differential(expressFour, scripts)
