/** Bytes of a body: from `start` up to, but not with, `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}
