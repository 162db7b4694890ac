import type { ServerResponse } from 'node:http'
import type { RunPlan } from '../../http/engine/exchange.js'
import type { HeaderLines } from '../../http/message/headers.js'
import { isHttp2 } from './response-head.js'

/**
 * Answers in place of a handler that destroys the socket of its client. Not where Node destroys it for an error, or the client
 * has closed it.
 * @param answer Sends the answer. Whether that was still possible.
 * @returns a function that restores the socket: the next request on it may belong to another cache.
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
