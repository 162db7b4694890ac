import { koaThree } from './apps/koa.js'
import { connectionScripts } from './scripts/connections.js'
import { shopScripts } from './scripts/shop.js'
import { differential } from './support/differential.js'

differential(koaThree, shopScripts)
differential(koaThree, connectionScripts, ['outside of all'])
