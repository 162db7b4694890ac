import { expressFive, expressFour } from './apps/express.js'
import { connectionScripts } from './scripts/connections.js'
import { expressScripts } from './scripts/express.js'
import { rawScripts } from './scripts/raw.js'
import { shopScripts } from './scripts/shop.js'
import { differential } from './support/differential.js'

const scripts = [...shopScripts, ...expressScripts, ...rawScripts, ...connectionScripts]

differential(expressFive, scripts)
differential(expressFour, scripts)
