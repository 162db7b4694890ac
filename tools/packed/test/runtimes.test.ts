import { randomUUID } from 'node:crypto'
import { startServer } from '@tiercel/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ASK_TWICE, SECOND_WAS_A_HIT } from './support/ask-twice.js'
import { EmptyProject } from './support/empty-project.js'
import { firstLines } from './support/pages.js'
import { RUNTIMES, type RunningServer, startProgram, WORKERD } from './support/runtimes.js'

/** One application, with and without the cache. What it answers is the same each time, but for `/runs`. */
const APPLICATION = `
  let runs = 0
  const pieces = (...texts) =>
    new ReadableStream({
      start(controller) {
        for (const text of texts) controller.enqueue(new TextEncoder().encode(text))
        controller.close()
      },
    })
  export async function answer(request) {
    const { pathname } = new URL(request.url)
    if (request.method === 'POST') return new Response(await request.text(), { status: 201 })
    switch (pathname) {
      case '/runs':
        await new Promise((resolve) => setTimeout(resolve, 100))
        return Response.json({ runs: ++runs })
      case '/text':
        return new Response('text', { headers: { 'Content-Type': 'text/plain', ETag: '"t"' } })
      case '/pieces':
        return new Response(pieces('one, ', 'two'), { headers: { 'Content-Type': 'text/plain', 'X-Two': 'a, b' } })
      case '/large':
        return new Response(new Uint8Array(300_000).fill(97), { headers: { 'Content-Type': 'image/png' } })
      case '/cookies': {
        const headers = new Headers({ 'Content-Type': 'text/plain', 'Set-Cookie': 'a=1; Path=/' })
        headers.append('Set-Cookie', 'b=2; Expires=Thu, 01 Jan 2099 00:00:00 GMT')
        return new Response('for one', { headers })
      }
      case '/private':
        return Response.json('for one', { headers: { 'Cache-Control': 'private' } })
      case '/moved':
        return new Response(null, { status: 301, headers: { Location: '/text' } })
      case '/missing':
        return Response.json('no such page', { status: 404, statusText: 'Nothing Here' })
      case '/empty':
        return new Response(null, { status: 204 })
      default:
        return Response.json({ url: pathname, id: request.params?.id, accept: request.headers.get('accept') })
    }
  }`

const BARE = `export { answer as handler } from './application.mjs'`

const CACHED = `
  import { createCache, memoryStore } from '@tiercel/cache-core'
  import { httpCache } from '@tiercel/cache-core/fetch'
  import { answer } from './application.mjs'
  const cached = httpCache(createCache({ store: memoryStore() }), { ttl: '1m', etag: false })
  export const handler = cached(answer)`

const PATHS = ['/items/7', '/text', '/pieces', '/large', '/cookies', '/private', '/moved', '/missing', '/empty']

/** Of the connection, or what says that there is a cache. */
const NOT_COMPARED = ['age', 'cache-status', 'connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding']

/** All that a client sees of a reply. */
async function ask(url: string, init: RequestInit = {}): Promise<unknown> {
  const reply = await fetch(url, { redirect: 'manual', ...init })
  const headers = [...reply.headers].filter(([name]) => !NOT_COMPARED.includes(name))
  return { status: reply.status, statusText: reply.statusText, headers, body: await reply.text() }
}

async function statusOf(url: string): Promise<string | undefined> {
  const reply = await fetch(url, { redirect: 'manual' })
  await reply.arrayBuffer()
  return reply.headers.get('cache-status')?.replace(/; ttl=.*/, '')
}

const isHere = process.platform === 'linux' && process.arch === 'x64'

/** Other runtimes than Node, as the page of fetch names them. Some 300 MB of downloads: by `npm run test:long`. */
describe.runIf(process.env.TIERCEL_LONG === '1' && isHere)('outside Node', () => {
  const project = new EmptyProject()
  const servers: RunningServer[] = []

  beforeAll(async () => {
    const runtimes = [...Object.values(RUNTIMES), WORKERD].map((runtime) => runtime.package)
    const packages = ['@tiercel/cache-core', '@tiercel/cache-redis', '@tiercel/cache-memcached']
    await project.install(...packages, ...runtimes, 'esbuild@0.25', 'express@5', 'fastify@5', 'koa@3')
    project.write('application.mjs', APPLICATION)
    project.write('bare.mjs', BARE)
    project.write('cached.mjs', CACHED)
  }, 200_000)
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    project.remove()
  })

  async function serve(runtime: keyof typeof RUNTIMES | 'workerd', module: string): Promise<string> {
    const name = `${runtime}-${module}`
    const server =
      runtime === 'workerd' ? await serveInWorker(name, module) : await serveOn(RUNTIMES[runtime], name, module)
    servers.push(server)
    return server.url
  }

  function serveOn(runtime: (typeof RUNTIMES)[keyof typeof RUNTIMES], name: string, module: string) {
    project.write(`${name}.mjs`, runtime.serve(`./${module}.mjs`))
    return startProgram(project, runtime.program, [...runtime.args, `${name}.mjs`])
  }

  async function serveInWorker(name: string, module: string): Promise<RunningServer> {
    project.write(`${name}.mjs`, `import { handler } from './${module}.mjs'\nexport default { fetch: handler }`)
    project.write(`${name}.capnp`, WORKERD.config(`${name}.bundle.mjs`))
    const bundle = ['--bundle', '--format=esm', '--platform=node', '--external:node:*', `--outfile=${name}.bundle.mjs`]
    const { code, stderr } = await project.run('node_modules/.bin/esbuild', [`${name}.mjs`, ...bundle])
    if (code !== 0) throw new Error(stderr)
    return startProgram(project, WORKERD.program, [...WORKERD.args, `${name}.capnp`])
  }

  describe.each(['bun', 'deno', 'workerd'] as const)('%s, a handler of fetch', (runtime) => {
    let bare: string
    let cached: string
    beforeAll(async () => {
      bare = await serve(runtime, 'bare')
      cached = await serve(runtime, 'cached')
    }, 120_000)

    it.each(PATHS)('answers GET and HEAD of %s as without the cache, the first time and again', async (path) => {
      for (const method of ['GET', 'HEAD', 'GET', 'GET']) {
        const expected = await ask(bare + path, { method })
        expect(await ask(cached + path, { method }), method).toEqual(expected)
      }
    })

    it('stores what may be stored, and nothing else', async () => {
      for (const path of ['/items/8', '/pieces?again', '/large?again', '/moved?again']) {
        expect(await statusOf(cached + path), path).toBe('tiercel; fwd=uri-miss; stored')
        expect(await statusOf(cached + path), path).toBe('tiercel; hit')
      }
      for (const path of ['/cookies', '/private']) {
        expect(await statusOf(cached + path), path).toMatch(/^tiercel; fwd=/)
      }
    })

    it('answers what clients know with 304, and the part that they ask for', async () => {
      const url = `${cached}/text?known`
      await statusOf(url)
      expect(await ask(url, { headers: { 'If-None-Match': '"t"' } })).toMatchObject({ status: 304, body: '' })
      expect(await ask(url, { headers: { Range: 'bytes=1-2' } })).toMatchObject({ status: 206, body: 'ex' })
    })

    it('runs the handler once for all who ask at once, and once more after a write', async () => {
      const all = (): Promise<unknown[]> =>
        Promise.all(Array.from({ length: 20 }, async () => (await fetch(`${cached}/runs`)).json()))
      expect(new Set((await all()).map((body) => JSON.stringify(body)))).toEqual(new Set(['{"runs":1}']))
      const written = await ask(`${cached}/runs`, { method: 'POST', body: 'written' })
      expect(written).toMatchObject({ status: 201, body: 'written' })
      expect(new Set((await all()).map((body) => JSON.stringify(body)))).toEqual(new Set(['{"runs":2}']))
    })
  })

  describe.each(['bun', 'deno'] as const)('%s, what runs on Node', (name) => {
    const runtime = RUNTIMES[name]
    const run = (file: string, env?: Readonly<Record<string, string>>) =>
      project.run(runtime.program, [...runtime.args, file], env)

    it.each([
      ['express', `app.get('/api/items', (req, res) => void res.send('made just now'))\nconst server = app.listen(0)`],
      ['koa', `app.use((ctx) => { ctx.body = 'made just now' })\nconst server = app.listen(0)`],
      [
        'fastify',
        `app.get('/api/items', () => 'made just now')\nawait app.listen({ port: 0 })\nconst { server } = app`,
      ],
    ])('caches with %s, by the lines of its page', async (framework, application) => {
      project.write(`${name}-${framework}.mjs`, `${firstLines(framework)}\n${application}${ASK_TWICE}process.exit()`)
      expect(await run(`${name}-${framework}.mjs`)).toMatchObject(SECOND_WAS_A_HIT)
    })

    describe.each(['redis', 'memcached'] as const)('with %s', async (engine) => {
      const server = await startServer(engine)
      afterAll(() => server?.stop())

      it.skipIf(server === undefined)('loads once, serves, voids and lets the process end', async () => {
        project.write(
          `${name}-${engine}.mjs`,
          `import { createCache } from '@tiercel/cache-core'
           import { ${engine}Store } from '@tiercel/cache-${engine}'
           const { STORE_URL: url, STORE_PREFIX: prefix } = process.env
           const cache = createCache({ store: ${engine}Store({ url, prefix }) })
           // The driver connects meanwhile.
           while (!(await cache.set('connected', true))) await new Promise((resolve) => setTimeout(resolve, 50))
           let loads = 0
           const load = async () => {
             await new Promise((resolve) => setTimeout(resolve, 100))
             return { loads: ++loads, text: 'x'.repeat(60_000) }
           }
           const all = await Promise.all(Array.from({ length: 50 }, () => cache.getOrSet('key', load, { ttl: '1m' })))
           let read
           // Callers are answered before the store has it.
           while ((read = await cache.get('key')) === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
           await cache.delete('key')
           console.log(JSON.stringify([all.every((one) => one.loads === 1), read.text.length, await cache.get('key') ?? null]))
           await cache.close()`,
        )
        const env = { STORE_URL: server?.url ?? '', STORE_PREFIX: `runtimes-${randomUUID()}` }
        expect(await run(`${name}-${engine}.mjs`, env)).toEqual({ code: 0, stdout: '[true,60000,null]\n', stderr: '' })
      })
    })
  })
})
