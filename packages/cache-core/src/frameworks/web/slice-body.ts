import type { ByteRange } from '../../http/message/range.js'
import type { WebBody } from './pass-on.js'

/** A range of a body, or none of it. Bytes before the range are read and dropped, those after it are not read. */
export function sliceBody(body: Exclude<WebBody, null>, range: ByteRange | undefined): WebBody {
  const { start, end } = range ?? { start: 0, end: 0 }
  if (!(body instanceof ReadableStream)) return range === undefined ? null : body.slice(start, end)
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader()
  if (range === undefined) {
    reader.cancel().catch(() => {})
    return null
  }
  let at = 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const { done, value } = await reader.read()
          if (done) return controller.close()
          const piece = value.subarray(Math.max(0, start - at), Math.max(0, end - at))
          at += value.byteLength
          if (piece.byteLength > 0) controller.enqueue(piece)
          if (at >= end) {
            controller.close()
            return reader.cancel()
          }
          if (piece.byteLength > 0) return
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
