import type { ServerResponse } from 'node:http'
import type { ResponseHead } from '../http/exchange.js'
import type { HeaderLines } from '../http/headers.js'
import { headOf, sendHead, type WriteHeadArguments } from './response-head.js'

/** A method of a response: what a handler called before it was time. */
type Method = (...values: unknown[]) => unknown

/**
 * Keeps a response back, from its first byte on, until `onHead` is settled. What the handler writes meanwhile is sent
 * then, in its order. A failure of `onHead` changes nothing for the client.
 */
export function holdResponse(res: ServerResponse, onHead: (head: ResponseHead) => Promise<HeaderLines>): void {
  const writeHead = res.writeHead
  const methods: Record<'write' | 'end' | 'flushHeaders', Method> = {
    write: res.write as Method,
    end: res.end as Method,
    flushHeaders: res.flushHeaders as Method,
  }
  const calls: (() => void)[] = []
  let head: ResponseHead | undefined

  const begin = (status: number, rest: WriteHeadArguments): void => {
    if (head !== undefined) return
    const held = headOf(res, status, rest)
    head = held
    const release = (headers: HeaderLines): void => {
      restore()
      if (res.headersSent || res.destroyed) return
      // `end` alone knows the length of the body: it writes the head itself, from what is set.
      res.writeHead = (() => {
        res.writeHead = writeHead
        sendHead(res, writeHead, held, headers)
        return res
      }) as ServerResponse['writeHead']
      for (const call of calls) call()
    }
    onHead(held).then(release, () => release(held.headers))
  }
  const restore = (): void => {
    res.writeHead = writeHead
    for (const [name, method] of Object.entries(methods)) Object.assign(res, { [name]: method })
  }

  res.writeHead = ((status: number, ...rest: WriteHeadArguments) => {
    begin(status, rest)
    return res
  }) as ServerResponse['writeHead']
  for (const [name, method] of Object.entries(methods)) {
    Object.assign(res, {
      [name]: (...values: unknown[]) => {
        begin(res.statusCode, [])
        calls.push(() => method.apply(res, values))
        return name === 'end' ? res : true
      },
    })
  }
}
