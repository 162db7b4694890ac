import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import { makeCertificates } from '@tiercel/servers'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { Lookout } from '../src/lookout.js'

/** On a busy machine one may be given up before it is known that nobody listens. */
const SOME_QUESTIONS_MS = 500
const certificates = makeCertificates()
const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})
afterAll(() => certificates?.remove())

describe('a lookout for nodes', () => {
  it('tells of one that is back where nobody listened, and that connections to it are lost', async () => {
    const port = await freePort()
    const told = lookOut(port)
    await delay(SOME_QUESTIONS_MS)
    await stand(createServer(answer), port)
    await vi.waitFor(() => expect(told).toEqual([true]), { timeout: 20_000 })
  })

  it('tells of one that was silent, which may have kept its connections', async () => {
    const waiting: Socket[] = []
    let frozen = true
    const take = (socket: Socket): void => {
      if (frozen) waiting.push(socket)
      else answer(socket)
    }
    const port = await stand(createServer(take), 0)
    const told = lookOut(port)
    // The first question was given up.
    await vi.waitFor(() => expect(waiting.length).toBeGreaterThan(1), { timeout: 20_000 })
    frozen = false
    for (const socket of waiting) answer(socket)
    await vi.waitFor(() => expect(told).toEqual([false]), { timeout: 20_000 })
  })

  it.skipIf(certificates === undefined)('needs no trust in its certificate', async () => {
    const { key = '', cert = '' } = certificates?.files ?? {}
    const port = await freePort()
    const told = lookOut(port, true)
    await delay(SOME_QUESTIONS_MS)
    await stand(createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }), port)
    await vi.waitFor(() => expect(told).toEqual([true]), { timeout: 20_000 })
  })
})

/** What is told of a node that is looked out for. */
function lookOut(port: number, tls = false): boolean[] {
  const told: boolean[] = []
  const lookout = new Lookout([{ host: '127.0.0.1', port, tls }], ({ wasAway, wasGone }) => {
    if (wasAway) told.push(wasGone)
  })
  lookout.begin()
  ends.push(() => lookout.end())
  return told
}

function answer(socket: Socket): void {
  socket.on('error', () => {})
  socket.on('data', () => socket.write('an answer'))
}

async function stand(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** One that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer()
  const port = await stand(server, 0)
  server.close()
  await once(server, 'close')
  return port
}
