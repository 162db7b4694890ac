import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EmptyProject } from './support/empty-project.js'

/** By major and minor, and whether it lets CommonJS require an ES module (`nodenext`, from 5.8 on). */
const VERSIONS = [
  ['5.4', false],
  ['5.8', true],
  ['5.9', true],
  ['6.0', true],
  ['7.0', true],
] as const

/** Of one run, on a machine that has other things to do. */
const COMPILE_MS = 200_000
const TIMEOUT = { timeout: 3 * COMPILE_MS }

const nameOf = (version: string): string => `typescript-${version}`

const USES = `
  import { createCache, memoryStore } from '@tiercel/cache-core'
  import { createHttpCache } from '@tiercel/cache-core/http'
  import { httpCache } from '@tiercel/cache-core/express'
  import { httpCache as overFetch } from '@tiercel/cache-core/fetch'
  import { redisStore } from '@tiercel/cache-redis'
  const cache = createCache({ store: memoryStore() })
  const inRedis = createCache({ store: redisStore({ url: 'redis://localhost' }) })
  export const value: Promise<number> = cache.getOrSet(['key', 1], async ({ signal }) => (signal.aborted ? 1 : 2))
  export const layer = httpCache(createHttpCache(inRedis, { ttl: '1m' }))
  export const GET = overFetch(cache, { ttl: '1m' })((request: Request) => new Response(request.url))`

const APP = `
  const app = express()
  const engine = createHttpCache(createCache({ store: memoryStore() }), { ttl: '1m', host: false })
  app.use(httpCache(engine))
  let runs = 0
  app.get('/', (req, res) => void res.send(String(++runs)))
  test('is cached', async () => {
    expect((await request(app).get('/')).text).toBe('1')
    const { text, headers } = await request(app).get('/')
    expect([text, headers['cache-status']]).toEqual(['1', expect.stringContaining('hit')])
  })`

/** What the page on recipes says of TypeScript and Jest. Takes a minute or two, most of it for downloads: by `npm run test:long`. */
describe.runIf(process.env.TIERCEL_LONG === '1')('a project with', () => {
  const project = new EmptyProject()
  beforeAll(
    () =>
      project.install(
        '@tiercel/cache-core',
        '@tiercel/cache-redis',
        ...VERSIONS.map(([version]) => `${nameOf(version)}@npm:typescript@~${version}.0`),
        'express@5',
        '@types/express@5',
        '@types/node@20',
        'jest@30',
        'babel-jest@30',
        '@babel/core@7',
        '@babel/plugin-transform-modules-commonjs@7',
        'supertest@7',
      ),
    120_000,
  )
  afterAll(() => project.remove())

  /** The codes of the errors in the file itself and in declarations of ours. */
  async function errors(version: string, file: string, module: string, moduleResolution: string): Promise<string[]> {
    project.write(file, USES)
    const compilerOptions = { module, moduleResolution, target: 'es2022', strict: true, noEmit: true, types: ['node'] }
    project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: [file] }))
    const compiler = `node_modules/${nameOf(version)}/bin/tsc`
    const compile = [compiler, '--project', '.', '--pretty', 'false']
    const { code, stdout } = await project.run(process.execPath, compile, {}, { timeout: COMPILE_MS })
    if (code === null) throw new Error(`TypeScript ${version} has not come to an end`)
    const lines = stdout.split('\n').filter((line) => line.includes('error TS'))
    const ours = lines.filter((line) => !/^node_modules\/(?!@tiercel\/)/.test(line))
    return [...new Set(ours.map((line) => /TS\d+/.exec(line)?.[0] ?? line))]
  }

  it.each(VERSIONS)('TypeScript %s that writes ES modules compiles', TIMEOUT, async (version) => {
    expect(await errors(version, 'app.ts', 'node16', 'node16')).toEqual([])
    expect(await errors(version, 'app.ts', 'nodenext', 'nodenext')).toEqual([])
    expect(await errors(version, 'app.ts', 'esnext', 'bundler')).toEqual([])
  })

  it.each(VERSIONS)(
    'TypeScript %s that writes CommonJS compiles where the page says so (%s)',
    TIMEOUT,
    async (version, requires) => {
      expect(await errors(version, 'app.cts', 'nodenext', 'nodenext')).toEqual(requires ? [] : ['TS1479'])
      expect(await errors(version, 'app.cts', 'node16', 'node16')).toEqual(['TS1479'])
    },
  )

  it('Jest and ES modules runs its tests', TIMEOUT, async () => {
    project.write(
      'esm.test.js',
      `import { createCache, memoryStore } from '@tiercel/cache-core'
       import { httpCache } from '@tiercel/cache-core/express'
       import { createHttpCache } from '@tiercel/cache-core/http'
       import express from 'express'
       import request from 'supertest'
       ${APP}`,
    )
    project.write('esm.config.js', `export default { transform: {}, testMatch: ['**/esm.test.js'] }`)
    const { code, stderr } = await project.run(process.execPath, [
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
      '--config',
      'esm.config.js',
    ])
    expect([code, stderr]).toEqual([0, expect.stringContaining('1 passed')])
  })

  it('Jest and CommonJS runs its tests with the configuration of the page', TIMEOUT, async () => {
    const page = readFileSync(fileURLToPath(new URL('../../../docs/recipes.md', import.meta.url)), 'utf8')
    const [, shown = ''] = /```js\n(\/\/ jest\.config\.js.*?)```/s.exec(page) ?? []
    project.write('cjs.config.cjs', `${shown}\nmodule.exports.testMatch = ['**/cjs.test.cjs']`)
    project.write(
      'cjs.test.cjs',
      `const { createCache, memoryStore } = require('@tiercel/cache-core')
       const { httpCache } = require('@tiercel/cache-core/express')
       const { createHttpCache } = require('@tiercel/cache-core/http')
       const { redisStore } = require('@tiercel/cache-redis')
       const express = require('express')
       const request = require('supertest')
       test('has the adapter', () => expect(typeof redisStore).toBe('function'))
       ${APP}`,
    )
    const { code, stderr } = await project.run(process.execPath, [
      'node_modules/jest/bin/jest.js',
      '--config',
      'cjs.config.cjs',
    ])
    expect([code, stderr]).toEqual([0, expect.stringContaining('2 passed')])
  })
})
