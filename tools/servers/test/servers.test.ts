import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Engine, type Server, startServer } from '../src/index.js'
import { accepts } from '../src/ports.js'
import { recordSkipped } from '../src/skipped.js'
import { Supervised } from '../src/supervised.js'

const servers: Server[] = []

async function start(engine: Engine, count = 1): Promise<Server> {
  const server = await startServer(engine, { count })
  if (server === undefined) throw new Error(`no ${engine} here`)
  servers.push(server)
  return server
}

/** Which of the hosts in the URL accept connections. */
function reachable({ url }: Server): Promise<boolean[]> {
  return Promise.all([...url.matchAll(/:(\d+)/g)].map(([, port]) => accepts(Number(port))))
}

afterEach(async () => {
  vi.unstubAllEnvs()
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

// Java's two engines start in the tests of their own stores.
describe.each([
  { engine: 'redis', count: 1 },
  { engine: 'memcached', count: 3 },
] as const)('$engine', ({ engine, count }) => {
  it('answers once it is started, and not after its end', async () => {
    const server = await start(engine, count)
    expect(await reachable(server)).toEqual(Array(count).fill(true))
    await server.stop()
    await server.stop()
    expect(await reachable(server)).toEqual(Array(count).fill(false))
  })

  it('comes back on the same ports after a kill', async () => {
    const server = await start(engine, count)
    await server.kill()
    expect(await reachable(server)).toEqual(Array(count).fill(false))
    await server.restart()
    expect(await reachable(server)).toEqual(Array(count).fill(true))
  })

  it('can be stopped and restarted while it is frozen', async () => {
    const server = await start(engine, count)
    await server.freeze()
    await server.restart()
    await server.freeze()
    await server.stop()
    expect(await reachable(server)).toEqual(Array(count).fill(false))
  })
})

describe('a server outlived by nothing', () => {
  it.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)(
    'ends, even frozen, when %s ends the process that started it',
    async (signal) => {
      const module = fileURLToPath(new URL('./launched.ts', import.meta.url))
      const child = spawn(process.execPath, ['--import', 'tsx', module, 'redis'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [url] = (await once(child.stdout, 'data')) as [Buffer]
      const port = Number(/:(\d+)/.exec(String(url))?.[1])
      expect(await accepts(port)).toBe(true)
      child.kill(signal)
      await vi.waitFor(async () => expect(await accepts(port)).toBe(false), { timeout: 20_000 })
    },
  )
})

describe('a process under supervision', () => {
  it('has a private folder that goes with it', async () => {
    const sleeper = await Supervised.start('test', 'sh', () => ['-c', 'echo awake; sleep 60'])
    await vi.waitFor(() => expect(sleeper.log).toBe('awake\n'), { timeout: 20_000 })
    await sleeper.stop()
    expect(existsSync(sleeper.folder)).toBe(false)
  })

  it('is known to have ended by itself', async () => {
    const short = await Supervised.start('test', 'sh', () => ['-c', 'echo no >&2; exit 3'])
    await vi.waitFor(() => expect(short.alive).toBe(false), { timeout: 20_000 })
    expect(short.log).toBe('no\n')
    await short.stop()
  })
})

describe('without a server of its own', () => {
  it('uses the one that the environment names, and never touches it', async () => {
    vi.stubEnv('TIERCEL_COUCHBASE_URL', 'couchbase://u:p@db/bucket')
    const server = await start('couchbase')
    expect(server).toMatchObject({ url: 'couchbase://u:p@db/bucket', external: true })
    await expect(server.kill()).rejects.toThrow('external')
    await server.stop()
  })

  it('fails in CI, with what the server said', async () => {
    vi.stubEnv('CI', '1')
    await expect(startServer('redis', { args: ['--no-such-option', '1'] })).rejects.toThrow('no-such-option')
  })

  it('leaves a note elsewhere, one for each engine', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tiercel-skipped-'))
    const cwd = vi.spyOn(process, 'cwd').mockReturnValue(folder)
    try {
      recordSkipped('redis', 'first')
      recordSkipped('hazelcast', 'no Java')
      recordSkipped('redis', 'not installed')
      expect(JSON.parse(readFileSync(join(folder, 'test-results/skipped.json'), 'utf8'))).toEqual([
        { engine: 'hazelcast', reason: 'no Java' },
        { engine: 'redis', reason: 'not installed' },
      ])
    } finally {
      cwd.mockRestore()
      rmSync(folder, { recursive: true })
    }
  })
})
