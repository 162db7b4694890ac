import { hash, timingSafeEqual } from 'node:crypto'
import { InvalidOptionError, StoreClosedError } from '../../base/errors.js'
import { either, flag, list, text } from '../../base/option-kinds.js'
import { OptionTable, type RowsOf } from '../../base/option-table.js'
import { tagList } from '../../base/tags.js'
import type { Delivery } from '../../protocol/journal.js'
import { HttpCache } from './http-cache.js'

export interface PurgeHandlerOptions {
  /** What a caller must show as `Authorization: Bearer …`; of several, any: so that one can replace another. At least 16 characters. */
  readonly token: string | readonly string[]
}

/** A request to the endpoint, whatever framework it came through. */
export interface PurgeCall {
  readonly method: string
  readonly authorization: string | undefined
  /** The URL that was asked for, absolute: what a PURGE without a body means. */
  readonly url: string | undefined
  /** Reads its body, of at most `maxBytes`; `undefined`: there is none. @throws PurgeBodyError */
  readonly body: (maxBytes: number) => Promise<unknown>
}

export interface PurgeReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A body that is too large, or not JSON. */
export class PurgeBodyError extends Error {
  override readonly name = 'PurgeBodyError'
  readonly status: 400 | 413

  constructor(status: 400 | 413, message: string) {
    super(message)
    this.status = status
  }
}

/** What a body may ask for. */
interface PurgeBody {
  readonly urls?: readonly string[] | undefined
  readonly tags?: readonly string[] | undefined
  readonly prefixes?: readonly string[] | undefined
  readonly all?: boolean | undefined
  readonly soft?: boolean | undefined
}

const MAX_BODY_BYTES = 65_536
/** Each is a write to the store. */
const MAX_PURGES = 1_000
const MIN_TOKEN_CHARACTERS = 16

/** What can stand behind Bearer (RFC 6750 section 2.1). */
const TOKEN68 = /^[\w.~+/-]+=*$/

const BODY = new OptionTable('body', {
  urls: list(text(), 'URLs', "['https://shop.example/products']").or([]),
  tags: tagList.or([]),
  prefixes: list(text(), 'beginnings of paths', "['/products/']").or([]),
  all: flag().or(false),
  soft: flag().or(false),
} satisfies RowsOf<PurgeBody>)

const tokenOption = text({ secret: true }).to((token, option) => {
  if (token.length >= MIN_TOKEN_CHARACTERS && TOKEN68.test(token)) return digest(token)
  const expected = `at least ${MIN_TOKEN_CHARACTERS} letters, digits and signs of -._~+/`
  throw new InvalidOptionError(option, `expected ${expected}`)
})

const OPTIONS = new OptionTable('purgeHandler', {
  token: either(
    tokenOption.to((token) => [token]),
    list(tokenOption, 'tokens', '[process.env.TOKEN]').to((tokens, option) => {
      if (tokens.length > 0) return tokens
      throw new InvalidOptionError(option, 'expected one token at least')
    }),
  ).required('nobody may purge without one'),
} satisfies Record<keyof PurgeHandlerOptions, unknown>)

/**
 * The purge endpoint of an `HttpCache`: POST with a body that says what to purge, or PURGE of a URL. Answers are JSON and
 * never stored. The body is not read before the token was checked.
 */
export class PurgeEndpoint {
  readonly #httpCache: HttpCache
  readonly #tokens: readonly Buffer[]

  /** @throws InvalidOptionError naming the option, never showing the token. */
  constructor(httpCache: HttpCache, options: PurgeHandlerOptions) {
    if (!(httpCache instanceof HttpCache)) {
      throw new InvalidOptionError('httpCache', 'expected what createHttpCache has made')
    }
    this.#httpCache = httpCache
    this.#tokens = OPTIONS.read(options).token
  }

  /** Never rejects. */
  async answer(call: PurgeCall): Promise<PurgeReply> {
    if (call.method !== 'POST' && call.method !== 'PURGE') {
      return reply(405, { error: 'use POST or PURGE' }, { Allow: 'POST, PURGE' })
    }
    if (!this.#knows(call.authorization)) {
      return reply(401, { error: 'the token is missing or wrong' }, { 'WWW-Authenticate': 'Bearer' })
    }
    try {
      const outcome = await this.#purge(call)
      return reply(outcome === 'delivered' ? 200 : 202, { outcome })
    } catch (error) {
      if (error instanceof PurgeBodyError) return reply(error.status, { error: error.message })
      if (error instanceof InvalidOptionError) return reply(400, { error: error.message })
      // A caller is told nothing about the store, or about faults.
      return error instanceof StoreClosedError
        ? reply(503, { error: 'the cache is closed' })
        : reply(500, { error: 'the purge failed' })
    }
  }

  /** Compares digests, which have one length, with those of every token: the time it takes reveals nothing. */
  #knows(authorization: string | undefined): boolean {
    const shown = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
    const given = digest(shown ?? '')
    let known = false
    for (const token of this.#tokens) known = timingSafeEqual(token, given) || known
    return known
  }

  async #purge({ method, url, body }: PurgeCall): Promise<Delivery> {
    const given = await body(MAX_BODY_BYTES)
    if (given === undefined && method === 'POST') {
      throw new PurgeBodyError(400, 'a POST needs a body: { urls, tags, prefixes, all, soft }')
    }
    const { urls, tags, prefixes, all, soft } = given === undefined ? NOTHING : BODY.read(given)
    if (urls.length + tags.length + prefixes.length > MAX_PURGES) {
      throw new PurgeBodyError(413, `more than ${MAX_PURGES} purges in one request`)
    }
    const purges: Promise<Delivery>[] = []
    if (all) purges.push(this.#httpCache.purgeAll({ soft }))
    for (const each of urls) purges.push(this.#httpCache.purge(each, { soft }))
    if (tags.length > 0) purges.push(this.#httpCache.purgeTags(tags, { soft }))
    for (const each of prefixes) purges.push(this.#httpCache.purgePrefix(each, { soft }))
    if (purges.length === 0 && method === 'PURGE' && url !== undefined) {
      purges.push(this.#httpCache.purge(url, { soft }))
    }
    if (purges.length === 0) throw new PurgeBodyError(400, 'the body names nothing: { urls, tags, prefixes, all }')
    const outcomes = await Promise.all(purges)
    return outcomes.includes('journaled') ? 'journaled' : 'delivered'
  }
}

const NOTHING = BODY.read({})

function digest(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}

function reply(status: number, body: object, headers: Readonly<Record<string, string>> = {}): PurgeReply {
  return {
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers },
    body: JSON.stringify(body),
  }
}
