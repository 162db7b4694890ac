import { type ByteQueue, EndOfStream } from './byte-queue.js'
import { type Head, type Reply, statusOf, valuesOf } from './reply.js'

/** What has been read of an answer, also when it breaks off. */
export interface Progress {
  readonly interim: Head[]
  head: Head | undefined
  framing: Reply['framing']
  readonly body: Buffer[]
  trailers: string[]
}

export interface Listeners {
  /** Called when a 1xx answer is there. */
  readonly onInterim?: (head: Head) => void
  readonly onHead?: (head: Head) => void
  /** Called when bytes of the body are there. */
  readonly onBody?: () => void
}

export function newProgress(): Progress {
  return { interim: [], head: undefined, framing: 'none', body: [], trailers: [] }
}

/** Reads one answer (RFC 9112 section 6.3). @throws EndOfStream if it breaks off; `progress` then has what came. */
export async function readReply(
  bytes: ByteQueue,
  method: string,
  progress: Progress,
  { onInterim, onHead, onBody }: Listeners = {},
): Promise<void> {
  let head = await readHead(bytes)
  while (statusOf(head) < 200) {
    progress.interim.push(head)
    onInterim?.(head)
    // What follows a switch of protocols is not HTTP/1.1.
    if (statusOf(head) === 101) return
    head = await readHead(bytes)
  }
  progress.head = head
  progress.framing = framingOf(head, method)
  onHead?.(head)
  const take = async (limit: number): Promise<number> => {
    const piece = await bytes.some(limit)
    progress.body.push(piece)
    onBody?.()
    return piece.length
  }
  switch (progress.framing) {
    case 'none':
      return
    case 'length':
      return readLength(Number(valuesOf(head, 'content-length')[0]), take)
    case 'chunked':
      progress.trailers = await readChunks(bytes, take)
      return
    case 'close':
      return readToEnd(take)
  }
}

async function readHead(bytes: ByteQueue): Promise<Head> {
  const statusLine = await bytes.line()
  return { statusLine, lines: await readLines(bytes) }
}

async function readLines(bytes: ByteQueue): Promise<string[]> {
  const lines: string[] = []
  for (let line = await bytes.line(); line !== ''; line = await bytes.line()) lines.push(line)
  return lines
}

function framingOf(head: Head, method: string): Reply['framing'] {
  const status = statusOf(head)
  if (method === 'HEAD' || status === 204 || status === 304) return 'none'
  if (valuesOf(head, 'transfer-encoding').includes('chunked')) return 'chunked'
  return valuesOf(head, 'content-length').length > 0 ? 'length' : 'close'
}

type Take = (limit: number) => Promise<number>

async function readLength(length: number, take: Take): Promise<void> {
  for (let left = length; left > 0; ) left -= await take(left)
}

async function readChunks(bytes: ByteQueue, take: Take): Promise<string[]> {
  for (;;) {
    const size = Number.parseInt(await bytes.line(), 16)
    if (Number.isNaN(size)) throw new Error('a chunk without its size')
    if (size === 0) return readLines(bytes)
    await readLength(size, take)
    if ((await bytes.line()) !== '') throw new Error('a chunk that is longer than it says')
  }
}

async function readToEnd(take: Take): Promise<void> {
  try {
    for (;;) await take(Number.POSITIVE_INFINITY)
  } catch (error) {
    if (!(error instanceof EndOfStream)) throw error
  }
}
