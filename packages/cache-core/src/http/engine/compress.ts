import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Compression } from '../rules/compression.js'

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

/**
 * Done once per response, so worth more effort than compression on the fly (4), but not as much as for a static site (11):
 * for a page of 200 KB, 11 takes sixty times as long as 5 and saves a tenth.
 */
const BROTLI_QUALITY = 5

/** How many run at once, each on a thread of libuv's pool of 4, whose other threads are left to files and DNS. */
const AT_ONCE = 2

let running = 0
const waiting: (() => void)[] = []

/** Compresses on a thread, a few at once in this process. `undefined` where that would not make it shorter. */
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
