import { fastifyFive, fastifyFour } from './apps/fastify.js'
import { connectionScripts } from './scripts/connections.js'
import { fastifyScripts } from './scripts/fastify.js'
import { rawScripts } from './scripts/raw.js'
import { shopScripts } from './scripts/shop.js'
import { differential } from './support/differential.js'

differential(fastifyFive, [...shopScripts, ...fastifyScripts])
differential(fastifyFive, [...rawScripts, ...connectionScripts], ['outside of all'])
differential(fastifyFour, [...shopScripts, ...fastifyScripts], ['outside of all'])
