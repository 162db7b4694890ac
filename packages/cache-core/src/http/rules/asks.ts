import type { ResponseLike } from '../message/response-like.js'

// Typed as methods are, so that options for one framework's request are options all the same.

/** A function of the route about a request. */
export type Asks<Request, Answer> = { of(request: Request): Answer }['of']

/** A function of the route about a response to a request. */
export type AsksBoth<Request, Answer> = { of(request: Request, response: ResponseLike): Answer }['of']
