import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'

/** As `npm run demo` starts it: the built program. */
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** Starts the demo on any port. Both outputs are added up in `output`. */
function start(environment: Record<string, string>) {
  const child = spawn(process.execPath, [MAIN], { env: { ...process.env, PORT: '0', ...environment } })
  children.push(child)
  const run = { child, stdout: '', stderr: '', exit: once(child, 'exit') as Promise<[number | null]> }
  child.stdout.on('data', (chunk) => {
    run.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    run.stderr += chunk
  })
  return run
}

type Run = ReturnType<typeof start>

/** The address of a demo that is ready. */
async function ready(run: Run): Promise<string> {
  for (;;) {
    const address = /^Tiercel demo: (.+)$/m.exec(run.stdout)?.[1]
    if (address !== undefined) return address
    if (run.child.exitCode !== null) throw new Error(`ended early: ${run.stderr}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
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
    expect(run.stderr).toBe(`Port ${port} on 127.0.0.1 is taken; name another one, or any: PORT=0 npm run demo\n`)
    squatter.close()
  })
})

describe('a demo', () => {
  it('says that it loads, then where it is, and ends in order on SIGTERM', async () => {
    const run = start({})
    const address = await ready(run)
    expect(run.stdout).toMatch(
      /^Loading the cities .*\n135,233 cities loaded in .* s; the cache is memory:\nTiercel demo: http:\/\/127\.0\.0\.1:\d+\n$/,
    )
    expect((await fetch(`${address}/countries/de`)).status).toBe(200)
    run.child.kill('SIGTERM')
    expect(await run.exit).toEqual([0, null])
    expect(run.stderr).toBe('')
  })

  it('serves without its store, and warns in one sentence', async () => {
    // Nothing listens on port 1.
    const run = start({ CACHE_URL: 'redis://user:secret@127.0.0.1:1' })
    const address = await ready(run)
    expect(run.stderr).toMatch(
      /^Warning: the cache at redis:\/\/127\.0\.0\.1:1 does not answer \(.+\); the demo serves from its database until it does\..+\n$/,
    )
    expect(run.stderr).not.toContain('secret')
    expect((await fetch(`${address}/countries/de`)).status).toBe(200)
    expect((await fetch(`${address}/cities/near?lat=1&lon=1`)).status).toBe(200)
    const health = (await (await fetch(`${address}/healthz`)).json()) as { status: string; store: object }
    expect(health).toMatchObject({ status: 'ok', store: { url: 'redis://127.0.0.1:1', reachable: false } })
    run.child.kill('SIGINT')
    expect(await run.exit).toEqual([0, null])
  })
})
