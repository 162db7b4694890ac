import { describe, expect, it } from 'vitest'
import { ReplyGatherer } from '../src/reply-gatherer.js'
import { ReplyLengths } from '../src/reply-lengths.js'

const LARGEST = 1_000_000

/** Reads a stream of replies as a connection does, in reads of at most so many bytes. */
function gathered(replies: Buffer, readBytes: (read: number) => number): { pieces: Buffer[]; tooLarge: number[] } {
  const pieces: Buffer[] = []
  const tooLarge: number[] = []
  const gatherer = new ReplyGatherer(
    new ReplyLengths(LARGEST),
    (piece) => pieces.push(piece),
    (bytes) => tooLarge.push(bytes),
  )
  for (let at = 0, read = 0; at < replies.byteLength; read++) {
    const room = gatherer.room()
    const bytes = Math.min(room.byteLength, readBytes(read), replies.byteLength - at)
    room.set(replies.subarray(at, at + bytes))
    at += bytes
    gatherer.took(bytes)
  }
  return { pieces, tooLarge }
}

describe('what a connection reads', () => {
  const large = Buffer.alloc(150_000, '$9\r\n')
  const short = Buffer.from('*4\r\n$5\r\nvalue\r\n$-1\r\n$0\r\n\r\n$12\r\n$99999\r\n*3\r\n\r\n:42\r\n+OK\r\n')
  const replies = Buffer.concat([short, Buffer.from('$150000\r\n'), large, Buffer.from('\r\n'), short])

  it('arrives whole and in order, wherever reads end', () => {
    for (let first = 1; first <= short.byteLength + 12; first++) {
      for (const next of [1_000, 65_536, LARGEST]) {
        const { pieces } = gathered(replies, (read) => (read === 0 ? first : next))
        expect(Buffer.concat(pieces).equals(replies)).toBe(true)
      }
    }
    expect(Buffer.concat(gathered(replies, (read) => (read % 3) + 1).pieces).equals(replies)).toBe(true)
  })

  it('has each value within one piece, which is all that its memory holds', () => {
    const { pieces } = gathered(replies, (read) => (read === 0 ? short.byteLength + 100 : 10_000))
    expect(pieces.map(({ byteLength }) => byteLength).filter((bytes) => bytes > 0)).toEqual([
      short.byteLength,
      large.byteLength + '$150000\r\n\r\n'.length,
      short.byteLength,
    ])
    for (const piece of pieces) expect(piece.buffer.byteLength).toBe(piece.byteLength)
  })

  it('is seen to arrive with every read, so that a slow value is no dead connection', () => {
    expect(gathered(replies, () => 1_000).pieces).toHaveLength(Math.ceil(replies.byteLength / 1_000) + 1)
  })

  it('keeps its bytes when later ones are read', () => {
    const { pieces } = gathered(Buffer.from('+one\r\n+two\r\n'), () => 6)
    expect(pieces.map(String)).toEqual(['+one\r\n', '+two\r\n'])
  })

  it('has no memory set aside for a value that is too large', () => {
    const { pieces, tooLarge } = gathered(Buffer.from(`+OK\r\n$${LARGEST + 1}\r\nv`), () => LARGEST)
    expect({ pieces, tooLarge }).toEqual({ pieces: [], tooLarge: [LARGEST + 1] })
  })
})
