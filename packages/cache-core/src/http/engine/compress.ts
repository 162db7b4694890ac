import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Compression } from '../rules/compression.js'

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

/**
 * Done once for each response, so worth more than on the fly (4), and not what a static site takes (11): of a page of
 * 200 KB 11 takes sixty times as long as 5, and saves a tenth.
 */
const BROTLI_QUALITY = 5

/** How many run at once, each on a thread of libuv's pool, which has 4: the others are for files and names. */
const AT_ONCE = 2

let running = 0
const waiting: (() => void)[] = []

/** Off the event loop, and no more than a few at once in this process. `undefined`: it would not be shorter. */
export async function compress(body: readonly Uint8Array[], coding: Compression): Promise<Buffer | undefined> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  try {
    const bytes = body.length === 1 ? (body[0] as Uint8Array) : Buffer.concat(body)
    const short = coding === 'br' ? await brotli(bytes, optionsFor(bytes)) : await zip(bytes)
    return short.length < bytes.length ? short : undefined
  } finally {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }
}

function optionsFor({ length }: Uint8Array): Parameters<typeof brotli>[1] {
  return { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: length } }
}
