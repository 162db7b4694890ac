import { koaThree } from './apps/koa.js'
import { connectionScripts } from './scripts/connections.js'
import { rawScripts } from './scripts/raw.js'
import { shopScripts } from './scripts/shop.js'
import { differential } from './support/differential.js'

differential(koaThree, shopScripts)
differential(koaThree, [...rawScripts, ...connectionScripts], ['outside of all'])
