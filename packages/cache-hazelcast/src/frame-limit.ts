/** A frame of the protocol begins with its length (which includes these bytes) and its flags. */
export const FRAME_HEAD_BYTES = 6

/** The client's reader of one connection; a private interface. */
export interface FrameReader {
  /** Received and not read yet. */
  chunks: Buffer[]
  chunksTotalSize: number
  /** The size of the next frame, once its head has arrived. */
  frameSize: number
  append(chunk: Buffer): void
  readFrameSizeAndFlags(): void
}

/** No frame is this large (1 GiB). If one claims to be, the reader has lost the frame boundaries. */
const NONSENSE_BYTES = 1_073_741_824

/**
 * Discards frames of more than `maxBytes` while they arrive and delivers `instead` as their content. The client itself
 * buffers a frame until it is complete: hundreds of megabytes for each read of a value that somebody has planted.
 * @param onNonsense Called once for an impossible length. The client would wait for that frame for ever while
 *   heartbeats keep the connection up, or loop endlessly on a length smaller than the head. All further input is
 *   discarded.
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
