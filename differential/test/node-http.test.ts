import { nodeHttp } from './apps/node-http.js'
import { connectionScripts } from './scripts/connections.js'
import { rawScripts } from './scripts/raw.js'
import { differential } from './support/differential.js'

differential(nodeHttp, [...rawScripts, ...connectionScripts])
