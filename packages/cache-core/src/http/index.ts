export { createHttpCache, type HttpCache } from './engine/http-cache.js'
export type { ResponseLike } from './message/response-like.js'
export type { HttpCacheOptions } from './rules/options.js'
export type { PurgeOptions } from './rules/purge-options.js'
