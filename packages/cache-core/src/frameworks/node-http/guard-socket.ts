import type { ServerResponse } from 'node:http'
import type { RunPlan } from '../../http/engine/exchange.js'
import type { HeaderLines } from '../../http/message/headers.js'
import { isHttp2 } from './response-head.js'

/**
 * Answers in place of a handler that destroys the socket of its client. What Node itself destroys for an error, or a
 * client has closed, is not answered any more.
 * @param answer Whether it could still be answered.
 * @returns what leaves the socket alone again: the next request on it may be another cache's.
 */
export function guardSocket(
  res: ServerResponse,
  { onBrokenOff }: Pick<RunPlan, 'onBrokenOff'>,
  answer: (headers: HeaderLines) => boolean,
): () => void {
  const { socket } = res
  if (onBrokenOff === undefined || socket === null || isHttp2(res)) return () => {}
  const { destroy } = socket
  const letGo = (): void => {
    if (socket.destroy === guarded) Reflect.deleteProperty(socket, 'destroy')
  }
  const guarded = (error?: Error): typeof socket => {
    letGo()
    const isOver = error !== undefined || !socket.writable || socket.readableEnded
    return !isOver && answer(onBrokenOff()) ? socket : destroy.call(socket, error)
  }
  socket.destroy = guarded
  return letGo
}
