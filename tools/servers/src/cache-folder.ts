import { fileURLToPath } from 'node:url'

/** Downloads, kept between runs at the root of the repository. Git ignores the folder. */
export const CACHE_FOLDER = fileURLToPath(new URL('../../../.cache/servers', import.meta.url))
