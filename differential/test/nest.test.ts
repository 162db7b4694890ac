import { nestOnExpress, nestOnFastify } from './apps/nest.js'
import { connectionScripts } from './scripts/connections.js'
import { nestScripts } from './scripts/nest.js'
import { rawScripts } from './scripts/raw.js'
import { differential } from './support/differential.js'

differential(nestOnExpress, [...nestScripts, ...rawScripts])
differential(nestOnFastify, [...nestScripts, ...connectionScripts, ...rawScripts])
