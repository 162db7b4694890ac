import type { ServerResponse } from 'node:http'
import type { RunOutcome, RunPlan } from '../http/exchange.js'
import { headOf, sendHead, type WriteHeadArguments } from './response-head.js'

type Write = (chunk?: unknown, encoding?: unknown, callback?: unknown) => boolean
type End = (chunk?: unknown, encoding?: unknown, callback?: unknown) => ServerResponse

/**
 * Observes a response while it goes out: its head may be changed, its body is kept where the plan says so. The methods
 * are overridden as own properties, because frameworks exchange the prototype.
 *
 * A client that goes away does not end the capture: others may wait for what the handler still writes.
 */
export function tapResponse(res: ServerResponse, plan: Omit<RunPlan, 'sees'>): Promise<RunOutcome> {
  return new Promise((resolve) => {
    const writeHead = res.writeHead
    const write = res.write as Write
    const end = res.end as End
    const { destroy } = res
    const pieces: Buffer[] = []
    let bytes = 0
    let decided = false
    let capturing = false
    let ending = false

    const finish = (outcome: RunOutcome): void => {
      capturing = false
      resolve(outcome)
    }
    const take = (chunk: unknown, encoding: unknown): void => {
      if (!capturing || chunk === undefined || chunk === null || typeof chunk === 'function') return
      // A copy: the handler may use its buffer again.
      const piece =
        typeof chunk === 'string'
          ? Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
          : Buffer.from(chunk as Uint8Array)
      bytes += piece.byteLength
      if (bytes > plan.maxBodyBytes) finish({ end: 'passed' })
      else pieces.push(piece)
    }

    res.writeHead = ((status: number, ...rest: WriteHeadArguments) => {
      // Called again, Node's own says what is wrong with that.
      if (decided) return writeHead.call(res, status, ...(rest as []))
      decided = true
      const head = headOf(res, status, rest)
      const { headers, capture } = plan.onHead(head)
      capturing = capture
      if (!capture) resolve({ end: 'passed' })
      sendHead(res, writeHead, head, headers)
      return res
    }) as ServerResponse['writeHead']

    res.write = ((chunk: unknown, encoding?: unknown, callback?: unknown) => {
      const more = write.call(res, chunk, encoding, callback)
      take(chunk, encoding)
      return more
    }) as ServerResponse['write']

    res.end = ((chunk?: unknown, encoding?: unknown, callback?: unknown) => {
      const again = ending
      ending = true
      const before = bytes
      end.call(res, chunk, encoding, callback)
      // Some responses (light-my-request's) write the last chunk through `write`, where it was taken already.
      if (!again && bytes === before) take(chunk, encoding)
      if (capturing) finish({ end: 'captured', body: pieces })
      return res
    }) as ServerResponse['end']

    res.destroy = (error?: Error) => {
      // Before the end the handler gave up; after it this is the server tidying up.
      if (!ending) finish({ end: 'broken' })
      return destroy.call(res, error)
    }
  })
}
