export { createHttpCache, HttpCache } from './http-cache.js'
export type { HttpCacheOptions } from './options.js'
