import { ground } from './places.js'
import type { Start } from './running-app.js'
import { startConnect } from './start/connect.js'
import { startExpress4, startExpress5 } from './start/express.js'
import { startFastify4, startFastify5 } from './start/fastify.js'
import { startKoa } from './start/koa.js'
import { startNestExpress, startNestFastify } from './start/nest.js'
import { startNode } from './start/node.js'
import { startFetch, startHono } from './start/web.js'

export { newPlace } from './places.js'
export { type App, type Handler, later, newCache, type Setup, type Start } from './running-app.js'

/** Every entry point. The cache's promises hold in each of them: a behaviour is a test over this table. */
const ALL: readonly (readonly [string, Start])[] = [
  ['node:http', startNode],
  ['connect', startConnect],
  ['Express 4', startExpress4],
  ['Express 5', startExpress5],
  ['Fastify 4', startFastify4],
  ['Fastify 5', startFastify5],
  ['Koa', startKoa],
  ['Nest on Express', startNestExpress],
  ['Nest on Fastify', startNestFastify],
  ['fetch', startFetch],
  ['Hono', startHono],
]

/** The entry points that are tested on the present ground. */
export const frameworks = ALL.filter(([name]) => ground().tries(name))

/**
 * Entry points over Request and Response. What their servers leave out of a message (the reason phrase, repeated lines,
 * names as they were written), or refuse themselves, is no behaviour of the entry points.
 */
const OVER_FETCH = new Set(['fetch', 'Hono'])

/** For behaviours that only node:http handlers can have or see. */
export function onNode(framework: string): boolean {
  return !OVER_FETCH.has(framework)
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** A promise that a test resolves. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
