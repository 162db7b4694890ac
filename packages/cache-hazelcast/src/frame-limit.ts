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

/** No frame is as large: where one says so the reader has lost its place between them. */
const NONSENSE_BYTES = 1_073_741_824

/**
 * Frames of more than `maxBytes` are dropped while they arrive, with `instead` as their content. The client would keep a
 * frame until it has all of it: a value that somebody has planted, of hundreds of megabytes, for each read.
 * @param onNonsense Told once, of a frame that can be none. The client would wait for it for ever, while heartbeats keep
 *   the connection up; at a length below that of its head it would even loop without end. All that follows is dropped.
 */
export function limitFrames(reader: FrameReader, maxBytes: number, instead: Buffer, onNonsense: () => void): void {
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
    const { frameSize } = reader
    if (frameSize < FRAME_HEAD_BYTES || frameSize > NONSENSE_BYTES) {
      due = Number.POSITIVE_INFINITY
      reader.frameSize = FRAME_HEAD_BYTES
      reader.chunks = []
      reader.chunksTotalSize = 0
      onNonsense()
      return
    }
    if (frameSize <= maxBytes) return
    const come = Buffer.concat(reader.chunks)
    const rest = come.subarray(frameSize)
    due = Math.max(0, frameSize - come.byteLength)
    const head = Buffer.from(come.subarray(0, FRAME_HEAD_BYTES))
    reader.frameSize = FRAME_HEAD_BYTES + instead.byteLength
    head.writeInt32LE(reader.frameSize)
    reader.chunks = [head, instead, rest]
    reader.chunksTotalSize = reader.frameSize + rest.byteLength
  }
}
