import { EXCHANGE } from './application.js'
import type { Exchange } from './exchange.js'
import type { Visitor } from './visitor.js'

/** The field value of `Host`: the same for both runs, so that what an application makes of it is equal. */
const HOST = 'shop.example'

export interface RequestBytes {
  readonly head: Buffer
  readonly body: readonly Buffer[]
}

export function requestBytes(exchange: Exchange, id: string, visitor: Visitor): RequestBytes {
  const { method, target, version, headers, body, chunkedWith, by } = exchange
  const content = body === undefined ? undefined : latin1(visitor.fill(body.toString('latin1')))
  const lines = version === '1.1' ? [`Host: ${HOST}`] : []
  for (const [name, value] of headers) lines.push(`${name}: ${visitor.fill(value)}`)
  if (by !== undefined && visitor.cookie !== undefined) lines.push(`Cookie: ${visitor.cookie}`)
  lines.push(`${EXCHANGE}: ${id}`)
  if (chunkedWith !== undefined) lines.push('Transfer-Encoding: chunked')
  else if (content !== undefined) lines.push(`Content-Length: ${content.length}`)
  const head = latin1(`${method} ${visitor.fill(target)} HTTP/${version}\r\n${lines.join('\r\n')}\r\n\r\n`)
  if (chunkedWith !== undefined) return { head, body: [...chunks(content), lastChunk(chunkedWith)] }
  return { head, body: content === undefined ? [] : [content] }
}

function chunks(content: Buffer | undefined): Buffer[] {
  return content === undefined ? [] : [latin1(`${content.length.toString(16)}\r\n`), content, latin1('\r\n')]
}

function lastChunk(trailers: readonly string[]): Buffer {
  return latin1(`0\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`)
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
