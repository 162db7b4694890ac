import type { ServerResponse } from 'node:http'
import type { ResponseHead } from '../../http/engine/exchange.js'
import type { HeaderLines } from '../../http/message/headers.js'
import { outsideFields } from './outside-fields.js'
import { headOf, sendHead, type WriteHeadArguments } from './response-head.js'

/** A method of a response: what a handler called before it was time. */
type Method = (...values: unknown[]) => unknown

/**
 * Keeps a response back, from its first byte on, until `onHead` is settled. What the handler writes meanwhile is sent
 * then, in its order; to the handler the response looks as if it were on its way. A failure of `onHead` changes nothing
 * for the client.
 *
 * The methods stay overridden when all is sent: a layer inside may have overridden them again, over these.
 *
 * @param before The field lines that layers outside have set.
 */
export function holdResponse(
  res: ServerResponse,
  onHead: (head: ResponseHead) => Promise<HeaderLines>,
  before: HeaderLines,
): void {
  const writeHead = res.writeHead
  const calls: (() => void)[] = []
  let held: ResponseHead | undefined
  let headers: HeaderLines | undefined
  let headSent = false
  let ended = false
  let refused = false

  const hold = (status: number, rest: WriteHeadArguments): void => {
    const head = headOf(res, status, rest)
    held = { ...head, outside: outsideFields(before, head.headers) }
    Object.defineProperty(res, 'headersSent', { configurable: true, get: () => true })
    onHead(held).then(release, () => release(head.headers))
  }

  const sendHeld = (lines: HeaderLines): void => {
    headSent = true
    sendHead(res, writeHead, held as ResponseHead, lines)
  }

  const release = (lines: HeaderLines): void => {
    headers = lines
    Reflect.deleteProperty(res, 'headersSent')
    if (ended) res.finished = false
    try {
      for (const call of calls) call()
      if (!headSent) sendHeld(lines)
      // Who was told to wait by us and not by Node hears of it from us.
      if (refused && !ended && !res.writableNeedDrain) res.emit('drain')
    } catch (error) {
      // Too late for the handler to hear of it.
      res.destroy(error as Error)
    }
  }

  res.writeHead = ((status: number, ...rest: WriteHeadArguments) => {
    if (held === undefined) hold(status, rest)
    else if (headers === undefined) throw headersSentError()
    else if (headSent) writeHead.call(res, status, ...(rest as []))
    // Node's `end` and `write` come here for the head that they need first.
    else sendHeld(headers)
    return res
  }) as ServerResponse['writeHead']

  for (const name of ['write', 'end', 'flushHeaders'] as const) {
    const method = res[name] as Method
    const overridden: Method = (...values) => {
      if (held === undefined) hold(res.statusCode, [])
      if (headers !== undefined) return method.apply(res, values)
      calls.push(() => method.apply(res, values))
      if (name === 'end') {
        ended = true
        res.finished = true
        return res
      }
      refused ||= name === 'write'
      return false
    }
    Object.assign(res, { [name]: overridden })
  }
}

/** As Node's own. */
function headersSentError(): Error {
  const error = new Error('Cannot write headers after they are sent to the client')
  return Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' })
}
