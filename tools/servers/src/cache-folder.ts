import { fileURLToPath } from 'node:url'

/** What was downloaded, kept between runs at the root of the repository; git ignores it. */
export const CACHE_FOLDER = fileURLToPath(new URL('../../../.cache/servers', import.meta.url))
