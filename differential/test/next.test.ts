import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createCache, memoryStore } from '@tiercel/cache-core'
import { httpCache } from '@tiercel/cache-core/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NEXT } from './apps/fixtures.js'
import { running } from './apps/listen.js'
import { type Next, type NextApp, nextApplication } from './apps/next.js'
import { nextScripts } from './scripts/next.js'
import { differential } from './support/differential.js'

const PNPM = fileURLToPath(new URL('../../tools/pnpm.mjs', import.meta.url))

// With its compiler Next takes 340 MB, so it is installed when the test runs and is not a dependency of the repository.
describe('Next.js behind a custom server', () => {
  let app: NextApp
  let dir: string

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tiercel-next-'))
    await cp(NEXT, dir, { recursive: true })
    // Next and React read these when they are loaded.
    Object.assign(process.env, { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' })
    const run = (...args: string[]) => promisify(execFile)(process.execPath, args, { cwd: dir })
    await run(PNPM, 'install', '--prefer-offline', '--ignore-scripts', '--config.node-linker=hoisted')
    await run('node_modules/next/dist/bin/next', 'build')
    const next = createRequire(join(dir, 'package.json'))('next') as Next
    app = next({ dev: false, dir, hostname: 'shop.example', port: 80 })
    await app.prepare()
  }, 600_000)
  afterAll(async () => {
    await app.close()
    await rm(dir, { recursive: true, force: true })
  })

  // `cookies()` and `headers()` read what the custom server passed to Next: the narrowed request.
  it('sees of a request what its key holds, by whatever way', async () => {
    const cache = createCache({ store: memoryStore() })
    const cached = httpCache(cache, { ttl: '1m', cookies: ['theme'], query: ['page'] })
    const handle = app.getRequestHandler()
    const { port, close } = await running(createServer((req, res) => cached(req, res, () => handle(req, res))))
    const ask = async (target: string, visitor: string): Promise<unknown> => {
      const reply = await fetch(`http://127.0.0.1:${port}${target}`, {
        headers: { Cookie: `theme=dark; session=${visitor}` },
      })
      return [await reply.json(), reply.headers.get('cache-status')?.replace(/; ttl=.*/, '')]
    }
    const seen = { cookies: ['theme'], request: ['theme'], headers: 'theme=dark', query: '?page=1' }
    expect(await ask('/api/seen?page=1&session=ann', 'ann')).toEqual([seen, 'tiercel; fwd=uri-miss; stored'])
    expect(await ask('/api/seen?session=bob&page=1', 'bob')).toEqual([seen, 'tiercel; hit'])
    await close()
    await cache.close()
  })

  differential(
    nextApplication(() => app),
    nextScripts,
  )
})
