/** A head as it came over the wire: every line as written, in order. */
export interface Head {
  readonly statusLine: string
  readonly lines: readonly string[]
}

/**
 * How the answer ended: as it announced, before it was complete, without a byte, not within the deadline; or the client
 * left, as the script wants it.
 */
export type Ending = 'complete' | 'cut off' | 'no answer' | 'hangs' | 'left by the client'

/** All that a client can tell about an answer. */
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
  /** Bytes after the answer that belong to no request. */
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
