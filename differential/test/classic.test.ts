import { connectApp, polkaApp } from './apps/classic.js'
import { nodeHttp } from './apps/node-http.js'
import { classicScripts } from './scripts/classic.js'
import { connectionScripts } from './scripts/connections.js'
import { rawScripts } from './scripts/raw.js'
import { differential } from './support/differential.js'

differential(nodeHttp, [...rawScripts, ...connectionScripts])
differential(connectApp, [...classicScripts, ...rawScripts, ...connectionScripts])
differential(polkaApp, [...classicScripts, ...rawScripts], ['outside of all'])
differential(polkaApp, classicScripts, ['inside of all'])
