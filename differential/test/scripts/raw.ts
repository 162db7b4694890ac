import { rawRoutes } from '../apps/raw-routes.js'
import { type Exchange, exchange, type Script } from '../support/exchange.js'

const STATUS: Readonly<Record<string, number>> = {
  'status-message': 203,
  'destroys-before-head': 0,
  'strict-length-broken': 0,
  'no-content': 204,
  'no-content-with-fields': 204,
  'reset-content': 205,
  'not-modified': 304,
  partial: 206,
}

/** Node does not check the length of an answer to a HEAD. */
const STATUS_OF_HEAD: Readonly<Record<string, number>> = { ...STATUS, 'strict-length-broken': 200 }

const LEAVING = ['waits-for-leaving', 'begins-and-waits-for-leaving', 'writes-to-who-left', 'reads-half-a-request']

/** These wait for a byte of the body, which an answer to a HEAD does not show. */
const NEED_A_BODY = ['held-up', 'waits-for-reader', 'breaks-off', 'breaks-off-with-error', 'stream-fails']

const names = Object.keys(rawRoutes).filter((name) => !LEAVING.includes(name))

function asked(method: string, name: string): Exchange {
  return exchange(`${method} /raw/${name}`, {
    status: (method === 'HEAD' ? STATUS_OF_HEAD : STATUS)[name] ?? 200,
    does: name === 'held-up' ? 'reads late' : undefined,
    ...(method === 'POST' ? { headers: { 'Content-Type': 'text/plain' }, body: 'a body' } : {}),
  })
}

/** Every way of answering that Node has, with each kind of method: GET, HEAD, and writes. */
export const rawScripts: readonly Script[] = [
  { name: 'every way of answering a GET', steps: names.map((name) => asked('GET', name)) },
  {
    name: 'every way of answering a HEAD',
    steps: names.filter((name) => !NEED_A_BODY.includes(name)).map((name) => asked('HEAD', name)),
  },
  { name: 'every way of answering a POST', steps: names.map((name) => asked('POST', name)) },
]
