/** A piece of a body. Bytes, by the rules of fetch; some servers accept strings as well. */
export type Chunk = Uint8Array | string
export type WebBody = Uint8Array<ArrayBuffer> | ReadableStream | null

/** Called while a body passes. */
export interface Listener {
  readonly chunk?: (chunk: Chunk) => void
  /** All of it has been read. The reader is told so when this has settled. */
  readonly end: () => unknown
  /** The source failed, or its reader wants no more. */
  readonly broken?: () => void
}

/**
 * Passes a body on at the pace of its reader. Only what is available at once is read ahead: a body made of a string or of bytes
 * goes on as bytes, so that the server knows its length.
 */
export async function passOn(source: ReadableStream<Chunk>, listener: Listener): Promise<WebBody> {
  const reader = source.getReader()
  const ahead = await readAtOnce(reader)
  if (ahead.whole !== undefined) {
    listener.chunk?.(ahead.whole)
    await listener.end()
    return bytesOf(ahead.whole)
  }
  return new ReadableStream<Chunk>(
    {
      async pull(controller) {
        try {
          const { done, value } = await (ahead.reads.shift() ?? reader.read())
          if (done) {
            await listener.end()
            controller.close()
          } else {
            listener.chunk?.(value)
            controller.enqueue(value)
          }
        } catch (error) {
          listener.broken?.()
          controller.error(error)
        }
      },
      cancel(reason) {
        listener.broken?.()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

/** A copy, since the handler may reuse its buffer, and a byte stream transfers it. */
export function bytesOf(chunk: Chunk): Uint8Array<ArrayBuffer> {
  return typeof chunk === 'string' ? new TextEncoder().encode(chunk) : new Uint8Array(chunk)
}

/** Whether a value of a stream is a piece of a body: a stream can hold anything. */
export function isChunk(value: unknown): value is Chunk {
  return typeof value === 'string' || Object.prototype.toString.call(value) === '[object Uint8Array]'
}

type Reader = ReadableStreamDefaultReader<Chunk>

interface Ahead {
  /** The whole body, where it has one chunk or none. */
  readonly whole?: Chunk
  /** Reads that were begun, in order. */
  readonly reads: ReturnType<Reader['read']>[]
}

/** Reads no more than one chunk and the end, and waits for them no longer than this turn of the event loop. */
async function readAtOnce(reader: Reader): Promise<Ahead> {
  const turn = endOfTurn()
  const reads: ReturnType<Reader['read']>[] = []
  let whole: Chunk = ''
  try {
    while (reads.length < 2) {
      const read = reader.read()
      // Whoever reads on is told of its failure.
      read.catch(() => {})
      reads.push(read)
      const result = await Promise.race([read, turn.over])
      if (result === undefined) break
      if (result.done) return { whole, reads }
      if (!isChunk(result.value)) break
      whole = result.value
    }
  } catch {
    return { reads }
  } finally {
    turn.cancel()
  }
  return { reads }
}

/** The end of this turn of the event loop. */
function endOfTurn(): { readonly over: Promise<undefined>; readonly cancel: () => void } {
  let cancel!: () => void
  const over = new Promise<undefined>((resolve) => {
    // Not every host of fetch has `setImmediate`.
    if (typeof setImmediate === 'function') {
      const immediate = setImmediate(resolve, undefined)
      cancel = () => clearImmediate(immediate)
    } else {
      const timer = setTimeout(resolve, 0, undefined)
      cancel = () => clearTimeout(timer)
    }
  })
  return { over, cancel }
}
