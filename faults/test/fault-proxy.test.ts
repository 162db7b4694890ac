import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { FaultProxy } from '../src/wire/fault-proxy.js'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** A server that answers each `n` with so many bytes, behind a line. */
async function echoBehindLine(): Promise<FaultProxy> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      for (const wish of String(bytes).split(' ').filter(Boolean)) socket.write(Buffer.alloc(Number(wish), 'x'))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const line = await FaultProxy.to('127.0.0.1', (server.address() as AddressInfo).port)
  ends.push(() => {
    line.close()
    server.close()
  })
  return line
}

/** A client that counts what it got. */
async function clientOf(
  line: FaultProxy,
): Promise<{ socket: Socket; got: () => number; end: () => string | undefined }> {
  const socket = connect(line.port, '127.0.0.1')
  let got = 0
  let end: string | undefined
  socket.on('data', (bytes) => {
    got += bytes.byteLength
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end = error.code
  })
  socket.on('close', () => {
    end ??= 'closed'
  })
  ends.push(() => socket.destroy())
  await once(socket, 'connect')
  return { socket, got: () => got, end: () => end }
}

/** Node ends what it resets: a client that looks in between sees the end, and not the reset behind it. */
const RESET = expect.stringMatching(/^(?:ECONNRESET|closed)$/)

describe('a line', () => {
  it('lets all through where nothing is wrong', async () => {
    const { socket, got } = await clientOf(await echoBehindLine())
    socket.write('5 7 ')
    await expect.poll(got).toBe(12)
  })

  it('holds an answer back for its latency, and for as long as its bandwidth takes', async () => {
    const line = await echoBehindLine()
    const { socket, got } = await clientOf(line)
    for (const [fault, leastMs] of [
      [{ latencyMs: 100 }, 95],
      [{ bytesPerSecond: 10_000 }, 70],
    ] as const) {
      line.set(fault)
      const before = got()
      const sentAt = performance.now()
      socket.write('1000 ')
      await expect.poll(got, { interval: 5 }).toBe(before + 1_000)
      expect(performance.now() - sentAt).toBeGreaterThan(leastMs)
    }
  })

  it('resets a connection in the middle of an answer, and those after it', async () => {
    const line = await echoBehindLine()
    line.set({ cutAfterBytes: 100 })
    for (let round = 0; round < 2; round++) {
      const { socket, got, end } = await clientOf(line)
      socket.write('60 60 ')
      await expect.poll(end).toEqual(RESET)
      expect(got()).toBeLessThanOrEqual(100)
    }
  })

  it('silent for all: nothing is lost, it comes when the line is mended', async () => {
    const line = await echoBehindLine()
    const { socket, got, end } = await clientOf(line)
    line.set({ silent: 'all' })
    socket.write('5 ')
    const late = await clientOf(line)
    late.socket.write('7 ')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([got(), late.got(), end()]).toEqual([0, 0, undefined])
    line.mend()
    await expect.poll(() => [got(), late.got()]).toEqual([5, 7])
  })

  it('silent for standing connections: they are lost without a word, new ones work', async () => {
    const line = await echoBehindLine()
    const { socket, got, end } = await clientOf(line)
    line.set({ silent: 'standing' })
    socket.write('5 ')
    const next = await clientOf(line)
    next.socket.write('7 ')
    await expect.poll(next.got).toBe(7)
    line.mend()
    socket.write('5 ')
    next.socket.write('7 ')
    await expect.poll(next.got).toBe(14)
    expect([got(), end()]).toEqual([0, undefined])
  })

  it('refuses, and resets what stands', async () => {
    const line = await echoBehindLine()
    const standing = await clientOf(line)
    line.reset()
    await expect.poll(standing.end).toEqual(RESET)
    line.set({ refuses: true })
    const refused = connect(line.port, '127.0.0.1')
    await expect(
      once(refused, 'close').then(
        () => 'closed',
        (error: NodeJS.ErrnoException) => error.code,
      ),
    ).resolves.toEqual(RESET)
  })
})
