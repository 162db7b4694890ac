import type { Context } from 'hono'

type Handler = (c: Context, next: () => Promise<unknown>) => unknown
/** What Hono's router has found: the handlers from the outermost in, each with its parameters, and the values of those. */
type Matched = readonly [readonly (readonly [readonly [Handler, ...unknown[]], unknown])[], ...unknown[]]

interface Making {
  readonly path: string
  readonly matchResult: Matched
  readonly env: unknown
  readonly executionCtx: unknown
  readonly notFoundHandler: () => never
}

/**
 * Runs all handlers that Hono has found for the URL of a request, from the outermost layer in, for another request.
 * `undefined` where this version of Hono does not show what it has found.
 */
export function honoAgain(c: Context): ((request: Request, contexts: readonly unknown[]) => unknown) | undefined {
  const matchResult = matchedFor(c)
  if (matchResult === undefined) return undefined
  const Made = c.constructor as new (request: Request, making: Making) => Context
  const { path } = c.req
  return async (request, [executionCtx, env]) => {
    const made = new Made(request, { path, matchResult, env, executionCtx, notFoundHandler: noHandler })
    await throughLayers(made, matchResult[0])
    return made.finalized ? made.res : noHandler()
  }
}

/** The application's own handlers for 404 and errors are not known here, so such a run fails. */
function noHandler(): never {
  throw new Error('no handler has answered a request of the cache')
}

/** Composes the layers as Hono does. */
async function throughLayers(c: Context, layers: Matched[0]): Promise<void> {
  let reached = -1
  const enter = async (index: number): Promise<Context> => {
    if (index <= reached) throw new Error('next() called multiple times')
    reached = index
    const layer = layers[index]
    if (layer === undefined) return c.finalized ? c : noHandler()
    c.req.routeIndex = index
    const response = await layer[0][0](c, () => enter(index + 1))
    if (response !== undefined && response !== null && !c.finalized) c.res = response as Response
    return c
  }
  await enter(0)
}

/** What the router has found, which Hono keeps under a symbol that it does not export. */
function matchedFor(c: Context): Matched | undefined {
  const shown = c.req as unknown as Readonly<Record<symbol, unknown>>
  for (const symbol of Object.getOwnPropertySymbols(Object.getPrototypeOf(shown))) {
    const value = shown[symbol]
    if (isMatched(value)) return value
  }
  return undefined
}

function isMatched(value: unknown): value is Matched {
  if (!Array.isArray(value) || !Array.isArray(value[0])) return false
  return value[0].every((layer) => Array.isArray(layer) && Array.isArray(layer[0]) && typeof layer[0][0] === 'function')
}
