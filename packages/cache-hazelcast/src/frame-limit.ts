/** Of a frame of the protocol: its length, the head included, and its flags. */
export const FRAME_HEAD_BYTES = 6

/** What the client's reader of one connection does, and does not publish. */
export interface FrameReader {
  /** What has come and is not read. */
  chunks: Buffer[]
  chunksTotalSize: number
  /** Of the frame that is read next, once its head has come. */
  frameSize: number
  append(chunk: Buffer): void
  readFrameSizeAndFlags(): void
}

/**
 * Frames of more than `maxBytes` are dropped while they arrive, with `instead` as their content. The client would keep a
 * frame until it has all of it: a value that somebody has planted, of hundreds of megabytes, for each read.
 */
export function limitFrames(reader: FrameReader, maxBytes: number, instead: Buffer): void {
  const { append, readFrameSizeAndFlags } = reader
  /** Bytes of a dropped frame that are still to come. */
  let due = 0
  reader.append = (chunk) => {
    const dropped = Math.min(due, chunk.byteLength)
    due -= dropped
    if (dropped < chunk.byteLength) append.call(reader, chunk.subarray(dropped))
  }
  reader.readFrameSizeAndFlags = () => {
    readFrameSizeAndFlags.call(reader)
    if (reader.frameSize <= maxBytes) return
    const come = Buffer.concat(reader.chunks)
    const rest = come.subarray(reader.frameSize)
    due = Math.max(0, reader.frameSize - come.byteLength)
    const head = Buffer.from(come.subarray(0, FRAME_HEAD_BYTES))
    reader.frameSize = FRAME_HEAD_BYTES + instead.byteLength
    head.writeInt32LE(reader.frameSize)
    reader.chunks = [head, instead, rest]
    reader.chunksTotalSize = reader.frameSize + rest.byteLength
  }
}
