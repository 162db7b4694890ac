import { describe, expect, it } from 'vitest'
import { frameworks, gate } from './support/apps.js'
import { sendRaw } from './support/raw-client.js'

function request(method: string, target: string, last = false): string {
  const fields = [
    'Host: a.example',
    ...(method === 'POST' ? ['Content-Length: 2'] : []),
    ...(last ? ['Connection: close'] : []),
  ]
  return `${[`${method} ${target} HTTP/1.1`, ...fields].join('\r\n')}\r\n\r\n${method === 'POST' ? 'ab' : ''}`
}

/** Requests that a client sends in one piece without waiting for answers (RFC 9112 section 9.3.2). */
describe.each(frameworks)('%s: pipelined requests', (_framework, start) => {
  it('are answered in their order: hits behind slow misses and writes between them', async () => {
    const { opened, open } = gate()
    const app = await start(async (req, res) => {
      if (req.url?.startsWith('/slow')) await opened
      res.end(`<${req.method} ${req.url}>`)
    })
    await app.get('/hit', { Host: 'a.example' })
    const asked = Array.from({ length: 40 }, (_, round) => [
      ['GET', `/slow${round % 3}`],
      ['GET', '/hit'],
      ['POST', `/written${round}`],
      ['GET', `/slow${round % 3}`],
    ]).flat() as [string, string][]
    const receiving = sendRaw(
      app.port,
      asked.map(([method, target]) => request(method, target)).join('') + request('GET', '/hit', true),
    )
    await expect.poll(() => app.runs()).toBeGreaterThan(3)
    open()
    const received = await receiving
    const answers = [...received.matchAll(/<(\w+) (.*?)>/g)].map(([, method, target]) => [method, target])
    expect(answers).toEqual([...asked, ['GET', '/hit']])
    // One for each slow URL and each write, and the one before.
    expect(app.runs()).toBe(1 + 3 + 40)
  })
})
