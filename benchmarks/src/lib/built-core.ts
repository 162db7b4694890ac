import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as Core from '@tiercel/cache-core'
import type * as Node from '@tiercel/cache-core/node'

export interface Build {
  readonly core: typeof Core
  readonly node: typeof Node
}

/** The core of a checkout from its built files, so that no loader stands between. */
export async function loadBuild(checkout: string): Promise<Build> {
  const built = (file: string): string => String(pathToFileURL(join(checkout, 'packages/cache-core/dist', file)))
  return { core: await import(built('index.js')), node: await import(built('frameworks/node.js')) }
}
