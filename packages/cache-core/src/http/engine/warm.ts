import { InvalidOptionError } from '../../base/errors.js'
import { callback, count, list, record, shape, text } from '../../base/option-kinds.js'
import { OptionTable, type RowsOf } from '../../base/option-table.js'

/** What asks the application for a URL: the global `fetch`, or a function of the same shape that needs no network. */
export type FetchUrl = (
  url: string,
  init: { readonly headers: Readonly<Record<string, string>>; readonly signal?: AbortSignal },
) => Response | Promise<Response>

export interface WarmUrlsOptions {
  /** What asks the application: `(url, init) => app.request(url, init)`. Default: the global `fetch`, over the network. */
  readonly fetch?: FetchUrl | undefined
  /** What URLs without a host are relative to: `http://localhost:3000`. */
  readonly base?: string | undefined
  /** Fields of each request: `{ 'accept-encoding': 'br' }`. Default none. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** How many requests run at once, at most. Default 4. */
  readonly concurrency?: number | undefined
  /** Ends the warming: no further request begins, and those under way are aborted. */
  readonly signal?: AbortSignal | undefined
}

/** The outcome of a `warm`. */
export interface WarmedUrls {
  /** How many are stored now, as far as the responses tell. */
  readonly warmed: number
  /** Those that are not: no answer, an error, or a response that was not stored, with the reason. */
  readonly failed: readonly { readonly url: string; readonly error: unknown }[]
}

const OPTIONS = {
  fetch: callback<FetchUrl>('a function such as (url, init) => app.request(url, init)'),
  base: text({ like: 'http://localhost:3000' }).to(baseUrl),
  headers: record<Readonly<Record<string, string>>>('an object of fields').or({}),
  concurrency: count({ max: 1_000 }).or(4),
  signal: shape<AbortSignal>('an AbortSignal', ['throwIfAborted']),
} satisfies RowsOf<WarmUrlsOptions>

const TABLE = new OptionTable('warm', OPTIONS)

const URLS = list(text(), 'URLs', "['/products']")

/**
 * Asks for each URL, a few at a time, and reads each answer to its end.
 * @throws InvalidOptionError naming the option, before anything is asked for; the reason of the signal.
 */
export async function warmUrls(urls: Iterable<string>, options: WarmUrlsOptions): Promise<WarmedUrls> {
  const { fetch = globalThis.fetch, base, headers, concurrency, signal } = TABLE.read(options)
  const targets = URLS.parse(typeof urls === 'string' ? urls : [...urls], 'urls').map((url) => resolved(url, base))
  signal?.throwIfAborted()
  const failed: { url: string; error: unknown }[] = []
  let warmed = 0
  const queue = targets.values()
  const worker = async (): Promise<void> => {
    for (const url of queue) {
      signal?.throwIfAborted()
      try {
        const response = await fetch(url, signal === undefined ? { headers } : { headers, signal })
        await response.body?.pipeTo(new WritableStream())
        const problem = problemOf(response)
        if (problem === undefined) warmed++
        else failed.push({ url, error: new Error(problem) })
      } catch (error) {
        failed.push({ url, error })
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  signal?.throwIfAborted()
  return { warmed, failed }
}

/** Why a response says that nothing is stored now. */
function problemOf({ status, headers }: Response): string | undefined {
  if (status >= 400) return `answered ${status}`
  const own = /\btiercel;[^,]*?detail="((?:[^"\\]|\\.)*)"/.exec(headers.get('cache-status') ?? '')
  return own === null ? undefined : `was not stored: ${own[1]}`
}

function resolved(url: string, base: string | undefined): string {
  const parsed = parse(url, base)
  if (parsed === undefined) {
    throw new InvalidOptionError('urls', base === undefined ? 'expected absolute URLs, or a base' : 'expected URLs')
  }
  return parsed.href
}

function baseUrl(base: string, option: string): string {
  if (parse(base, undefined) === undefined) throw new InvalidOptionError(option, 'expected an absolute URL')
  return base
}

function parse(url: string, base: string | undefined): URL | undefined {
  try {
    const parsed = new URL(url, base)
    return parsed.protocol === 'http:' || parsed.protocol === 'https:' ? parsed : undefined
  } catch {
    return undefined
  }
}
