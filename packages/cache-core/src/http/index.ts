export { createHttpCache, type HttpCache } from './engine/http-cache.js'
export type { HttpCacheOptions } from './rules/options.js'
