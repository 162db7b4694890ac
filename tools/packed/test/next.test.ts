import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { EmptyProject } from './support/empty-project.js'
import { firstLines } from './support/pages.js'

const NEXT = 'node_modules/next/dist/bin/next'
/** Where there is a NODE_ENV, Next says that it should not be. */
const ENV = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: '' }
/** What `next build` makes takes three times as long: by `npm run test:long`. */
const COMMANDS = process.env.TIERCEL_LONG === '1' ? ['dev', 'start'] : ['dev']

/** Of the build, on a machine that has other things to do. */
const TIMEOUT = { timeout: 200_000 }

describe('core and Next', () => {
  const project = new EmptyProject()
  beforeAll(async () => {
    // With all that a TypeScript application of Next needs: what is missing it installs when it starts.
    const types = ['typescript@5', '@types/node@20', '@types/react@19']
    await project.install('@tiercel/cache-core', 'next@16', 'react@19', 'react-dom@19', ...types)
    project.write('app/api/items/[id]/route.ts', firstLines('fetch', 'A route handler'))
  })
  afterAll(() => project.remove())

  it.each(COMMANDS)(
    'next %s: the lines of its page make a route handler a cached one',
    { timeout: 300_000 },
    async (command) => {
      if (command === 'start') {
        const { code, stderr } = await project.run(process.execPath, [NEXT, 'build'], ENV, TIMEOUT)
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      }
      const server = project.start(process.execPath, [NEXT, command, '--port', '0'], ENV)
      try {
        const url = await addressOf(server)
        const ask = async (id: number, init?: RequestInit): Promise<unknown> => {
          const reply = await fetch(`${url}/api/items/${id}`, init)
          return [await reply.text(), reply.headers.get('cache-status')?.replace(/; ttl=.*/, '')]
        }
        expect(await ask(1)).toEqual(['{"id":"1"}', 'tiercel; fwd=uri-miss; stored'])
        expect(await ask(1, { headers: { Cookie: 'session=ann' } })).toEqual(['{"id":"1"}', 'tiercel; hit'])
        expect(await ask(2)).toEqual(['{"id":"2"}', 'tiercel; fwd=uri-miss; stored'])
      } finally {
        const ended = once(server, 'exit')
        if (server.pid !== undefined) process.kill(-server.pid)
        await ended
      }
    },
  )
})

/** What Next prints of it, once it listens. */
async function addressOf(server: ChildProcess): Promise<string> {
  let printed = ''
  for (const output of [server.stdout, server.stderr]) output?.on('data', (text) => (printed += text))
  const [, url] = await vi.waitUntil(() => /Local: +(http:\S+)(?=.*Ready in)/s.exec(printed), { timeout: 100_000 })
  return url as string
}
