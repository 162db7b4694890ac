/** A head as it came over the wire: every line as it was written, in its order. */
export interface Head {
  readonly statusLine: string
  readonly lines: readonly string[]
}

/**
 * How the answer ended: as it said it would, before it was whole, without a byte of it, not within the deadline; or
 * left by the client as the script wants it.
 */
export type Ending = 'complete' | 'cut off' | 'no answer' | 'hangs' | 'left by the client'

/** All that a client can tell of an answer. */
export interface Reply {
  /** The 1xx answers before the final one. */
  readonly interim: readonly Head[]
  readonly head: Head | undefined
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  readonly body: Buffer
  readonly trailers: readonly string[]
  readonly ending: Ending
  /** What became of the connection. */
  readonly connection: 'kept' | 'closed' | 'left open after it said close'
  /** What came after the answer and belongs to no request. */
  readonly stray: Buffer
}

/** The values of a field, one for each of its lines. */
export function valuesOf(head: Head | undefined, name: string): string[] {
  const start = `${name.toLowerCase()}:`
  return (head?.lines ?? [])
    .filter((line) => line.toLowerCase().startsWith(start))
    .map((line) => line.slice(start.length).trim())
}

export function statusOf(head: Head | undefined): number {
  return Number(head?.statusLine.split(' ')[1] ?? 0)
}
