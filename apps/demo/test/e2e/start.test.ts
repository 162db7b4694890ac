import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { DemoProcess } from './demo-process.js'

const started: DemoProcess[] = []
afterEach(() => Promise.all(started.splice(0).map((run) => run.stop())))

function start(environment: Record<string, string>): DemoProcess {
  const run = new DemoProcess(environment)
  started.push(run)
  return run
}

describe('a start that cannot succeed ends with one sentence', () => {
  it('for an unknown scheme', async () => {
    const run = start({ CACHE_URL: 'etcd://host' })
    expect(await run.exit).toEqual([1, null])
    expect(run.stderr).toMatch(/^CACHE_URL has the unknown scheme 'etcd:'; use one of memory:, redis:.+\.\n$/)
  })

  it('for a port that is none', async () => {
    const run = start({ PORT: 'http' })
    expect(await run.exit).toEqual([1, null])
    expect(run.stderr).toBe("PORT must be a whole number from 0 to 65535, got 'http'.\n")
  })

  it('for a port that is taken', async () => {
    const squatter = createServer().listen(0, '127.0.0.1')
    await once(squatter, 'listening')
    const { port } = squatter.address() as { port: number }
    const run = start({ PORT: String(port) })
    expect(await run.exit).toEqual([1, null])
    expect(run.stderr).toBe(
      `Port ${port} on 127.0.0.1 is taken; choose another, or let the system choose: PORT=0 npm run demo\n`,
    )
    squatter.close()
  })
})

describe('a demo', () => {
  it('says at its first start that it loads, then where it is', () => {
    expect(inject('firstStart')).toEqual({
      stdout: expect.stringMatching(
        /^Loading the cities .*\n135,233 cities loaded in .* s; the cache is memory:\nTiercel demo: http:\/\/127\.0\.0\.1:\d+\n$/,
      ),
      stderr: '',
    })
  })

  it('starts from the database that an earlier start wrote down, and ends in order on SIGTERM', async () => {
    expect(existsSync(process.env.DATABASE_SNAPSHOT ?? '')).toBe(true)
    const run = await start({}).ready()
    expect(run.stdout).toContain('135,233 cities loaded')
    expect((await run.ask('/countries/de')).status).toBe(200)
    run.signal('SIGTERM')
    expect(await run.exit).toEqual([0, null])
    expect(run.stderr).toBe('')
  })

  it('serves without its store, and warns in one sentence', async () => {
    // Nothing listens on port 1.
    const run = await start({ CACHE_URL: 'redis://user:secret@127.0.0.1:1' }).ready()
    expect(run.stderr).toMatch(
      /^Warning: the cache at redis:\/\/127\.0\.0\.1:1 does not answer \(.+\); the demo serves from its database until it does\..+\n$/,
    )
    expect(run.stderr).not.toContain('secret')
    expect(run.stdout).toContain('135,233 cities loaded')
    expect((await run.ask('/countries/de')).status).toBe(200)
    expect((await run.ask('/cities/near?lat=1&lon=1')).status).toBe(200)
    const health = await run.json('/healthz')
    expect(health).toMatchObject({ status: 'ok', store: { url: 'redis://127.0.0.1:1', reachable: false } })
    run.signal('SIGINT')
    expect(await run.exit).toEqual([0, null])
  })
})
