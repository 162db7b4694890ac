import { honoFour } from './apps/hono.js'
import { shopScripts } from './scripts/shop.js'
import { differential } from './support/differential.js'

// Hono gives no access to Node's own response, so scripts for that are not played.
differential(honoFour, shopScripts)
