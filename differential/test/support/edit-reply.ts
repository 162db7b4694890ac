import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Recording } from './recording.js'
import { type Head, type Reply, valuesOf } from './reply.js'

const UNPACK: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  deflate: inflateSync,
}

export function edit(recording: Recording, change: (reply: Reply) => Reply): Recording {
  return { ...recording, reply: change(recording.reply) }
}

export function editLines(reply: Reply, change: (line: string) => readonly string[]): Reply {
  return reply.head === undefined ? reply : { ...reply, head: withLines(reply.head, reply.head.lines.flatMap(change)) }
}

export function replaceValues(reply: Reply, pattern: RegExp, replacement: string): Reply {
  return editLines(reply, (line) => [line.replace(pattern, replacement)])
}

export function sortedLines(reply: Reply): Reply {
  const lowered = editLines(reply, (line) => [line.replace(/^[^:]+/, (name) => name.toLowerCase())])
  const nameOf = (line: string): string => line.slice(0, line.indexOf(':'))
  if (lowered.head === undefined) return lowered
  const lines = lowered.head.lines.toSorted((left, right) =>
    nameOf(left) < nameOf(right) ? -1 : nameOf(left) > nameOf(right) ? 1 : 0,
  )
  return { ...lowered, head: withLines(lowered.head, lines) }
}

function withLines(head: Head, lines: readonly string[]): Head {
  return { ...head, lines }
}

export function without(pattern: RegExp): (reply: Reply) => Reply {
  return (reply) => editLines(reply, (line) => (pattern.test(line) ? [] : [line]))
}

export function latin1Of(line: string): string {
  const text = Buffer.from(line, 'latin1').toString()
  return text.includes('\ufffd') ? line : text
}

export function unpacked(reply: Reply): Reply {
  const unpack = UNPACK[valuesOf(reply.head, 'content-encoding').join()]
  return unpack === undefined || reply.body.length === 0 ? reply : { ...reply, body: unpack(reply.body) }
}
