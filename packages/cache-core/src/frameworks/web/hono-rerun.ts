import type { Context } from 'hono'

type Handler = (c: Context, next: () => Promise<unknown>) => unknown
/** The handlers of a request from the outermost in, each with its parameters; then what those are read from. */
type Matched = readonly [readonly (readonly [readonly [Handler, ...unknown[]], unknown])[], ...unknown[]]

interface Making {
  readonly path: string
  readonly matchResult: Matched
  readonly env: unknown
  readonly executionCtx: unknown
  readonly notFoundHandler: () => never
}

/**
 * Runs all that Hono has found for the URL of a request, from the outermost layer in, for another request. `undefined`
 * where this version of Hono does not show what it has found.
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

/** The application's own answer to that is not known here, nor is the one to errors: such a run fails. */
function noHandler(): never {
  throw new Error('no handler has answered a request of the cache')
}

/** As Hono does. */
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

/** Hono keeps it under a symbol that it does not export. */
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
