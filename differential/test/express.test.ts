import { expressFive, expressFour } from './apps/express.js'
import { connectionScripts } from './scripts/connections.js'
import { expressScripts } from './scripts/express.js'
import { shopScripts } from './scripts/shop.js'
import { differential } from './support/differential.js'

differential(expressFive, [...shopScripts, ...expressScripts])
differential(expressFive, connectionScripts, ['inside of all'])
differential(expressFour, shopScripts, ['inside of all'])
