import type { ServerResponse } from 'node:http'
import type { HeaderLines } from '../../http/message/headers.js'
import { linesSet, type WriteHeadArguments, writtenLines } from './response-head.js'

/** The lines of the head once it is written, with what layers outside have added; or once it never will be. */
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
