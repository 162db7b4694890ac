import type { ServerResponse } from 'node:http'
import type { HeaderLines } from '../../http/message/headers.js'
import { linesSet, type WriteHeadArguments, writtenLines } from './response-head.js'

/** The lines of the head when layers outside have done with it, and it is written, or never will be. */
export function linesSent(res: ServerResponse): Promise<HeaderLines> {
  return new Promise((resolve) => {
    const { writeHead } = res
    res.writeHead = ((status: number, ...rest: WriteHeadArguments) => {
      const returned = writeHead.call(res, status, ...(rest as []))
      resolve(writtenLines(res, rest))
      return returned
    }) as typeof writeHead
    res.once('close', () => resolve(linesSet(res)))
  })
}
