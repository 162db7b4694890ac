import { edit, editLines, latin1Of, replaceValues, sortedLines, unpacked, without } from './edit-reply.js'
import type { Pair, Recording } from './recording.js'
import { type Reply, statusOf, valuesOf } from './reply.js'

/** An intended difference, with the reason. What it names is made equal before the two are compared. */
export interface Exemption {
  readonly name: string
  readonly reason: string
  apply(pair: Pair): Pair
}

/** Whether the cache answered, so that no handler ran. */
export function isHit({ reply }: Recording): boolean {
  return valuesOf(reply.head, 'cache-status').some((value) => /(^|, )tiercel; (hit|[^,]*collapsed)/.test(value))
}

/** Whether the cache itself answered a condition or a range, even if a handler ran to fill the cache. */
function isCut(recording: Recording): boolean {
  return isHit(recording) || [206, 304, 412, 416].includes(statusOf(recording.reply.head))
}

/** For an application whose framework rewrites the heads of stored responses, on misses, too. */
export const HEADS_WRITTEN_ANEW: Exemption = {
  name: 'case of names and order of fields of different names',
  reason: 'have no meaning (RFC 9110 sections 5.1, 5.3); lines of one name keep their order',
  apply: onBoth(sortedLines),
}

/** For an application with layers that do something after `next()`. */
export const AFTER_NEXT: Exemption = {
  name: 'X-After-Next on hits',
  reason: 'a handler that answers past its framework is too early for what layers set after it, a hit is not',
  apply: (pair) =>
    valuesOf(pair.plain.reply.head, 'x-after-next').length === 0 ? onHits(without(/^x-after-next:/i))(pair) : pair,
}

/** Exemptions for every application. */
export const EXEMPTIONS: readonly Exemption[] = [
  {
    name: 'Age on hits',
    reason: 'says how old a stored response is',
    apply: onHits((reply) => without(/^age:/i)(reply)),
  },
  {
    name: 'Date',
    reason: 'the two applications answer one after the other; a stored response keeps its own (RFC 9111 section 4)',
    apply: onBoth((reply) => replaceValues(reply, /^(date: ).+/i, '$1<date>')),
  },
  {
    name: 'Expires of cookies',
    reason: 'is a time of day, made from Max-Age by the layer that sets the cookie',
    apply: onBoth((reply) => replaceValues(reply, /^(set-cookie: .*expires=)(?!Thu, 01 Jan 1970)[^;]+/i, '$1<date>')),
  },
  {
    name: 'times that layers measure',
    reason: 'X-Response-Time and the seconds until a rate limit begins anew',
    apply: onBoth((reply) =>
      replaceValues(reply, /^((?:x-response-time|(?:x-)?ratelimit-reset|retry-after): )[\d.]+/i, '$1<time>'),
    ),
  },
  {
    name: 'captured tokens',
    reason: 'are random; the script has made sure that they work',
    apply: ({ round, plain, cached }) => ({ round, plain: withoutTokens(plain), cached: withoutTokens(cached) }),
  },
  {
    name: 'ETag of the cache',
    reason: 'a stored response without one gets one, unless `etag: false`',
    apply: (pair) => (valuesOf(pair.plain.reply.head, 'etag').length > 0 ? pair : onCached(without(/^etag:/i))(pair)),
  },
  {
    name: 'framing of hits',
    reason:
      'the length of a stored body is known, so a GET is not sent in chunks, and a HEAD says it (RFC 9110 section 8.6)',
    apply: (pair) => {
      const { plain, cached } = pair
      const known = plain.exchange.method === 'HEAD' || cached.reply.framing === 'length'
      if (!isHit(cached) || !known || valuesOf(plain.reply.head, 'content-length').length > 0) return pair
      const unframed = (reply: Reply): Reply => ({
        ...without(/^(content-length|transfer-encoding):/i)(reply),
        framing: 'length',
      })
      return { ...pair, plain: edit(plain, unframed), cached: edit(cached, unframed) }
    },
  },
  {
    name: '304 on hits',
    reason:
      'a client that has the response gets 304 (RFC 9110 section 13), also where the framework compares less or not at all',
    apply: (pair) => {
      const { plain, cached } = pair
      if (!isHit(cached) || statusOf(cached.reply.head) !== 304 || statusOf(plain.reply.head) !== 200) return pair
      const asked = plain.exchange.headers.filter(([name]) => name.toLowerCase() === 'if-none-match').join()
      const [etag = ''] = valuesOf(plain.reply.head, 'etag')
      const since = plain.exchange.headers.find(([name]) => name.toLowerCase() === 'if-modified-since')?.[1] ?? ''
      const [modified = ''] = valuesOf(plain.reply.head, 'last-modified')
      const unmodified = asked === '' && Date.parse(since) >= Date.parse(modified)
      const matches = unmodified || asked.includes('*') || (etag !== '' && asked.includes(etag.replace(/^W\//, '')))
      return matches ? answeredByCache(pair) : pair
    },
  },
  {
    name: 'more fields on 304',
    reason:
      'all of the 200 but what describes its content; some layers for ETags leave more out (RFC 9110 section 15.4.5)',
    apply: (pair) => {
      const { plain, cached } = pair
      if (statusOf(plain.reply.head) !== 304 || statusOf(cached.reply.head) !== 304) return pair
      const name = (line: string): string => line.slice(0, line.indexOf(':')).toLowerCase()
      const known = new Set(['cache-status', ...(plain.reply.head?.lines ?? []).map(name)])
      const { plain: one, cached: other } = onBoth(without(/^content-(length|type|encoding):/i))(pair)
      const shown = edit(other, (reply) => editLines(reply, (line) => (known.has(name(line)) ? [line] : [])))
      return { ...pair, plain: one, cached: shown }
    },
  },
  {
    name: 'ETag of a layer outside on 304',
    reason: 'layers that give one to a 2xx alone give none to a 304 that the cache itself makes of Last-Modified',
    apply: (pair) => {
      const { plain, cached } = pair
      const both = [plain, cached].every(({ reply }) => statusOf(reply.head) === 304)
      const none = valuesOf(cached.reply.head, 'etag').length === 0
      const dated = valuesOf(cached.reply.head, 'last-modified').length > 0
      return both && none && dated ? { ...pair, plain: edit(plain, without(/^etag:/i)) } : pair
    },
  },
  {
    name: 'bodies of 412 and 416',
    reason: 'the cache sends none; the application would say the same status in its own words',
    apply: (pair) => {
      const status = statusOf(pair.cached.reply.head)
      const own = isHit(pair.cached) && (status === 412 || status === 416) && statusOf(pair.plain.reply.head) === status
      return own ? answeredByCache(pair) : pair
    },
  },
  {
    name: 'ranges that make no sense on hits',
    reason: 'are ignored, where some frameworks answer 416 (RFC 9110 section 14.2 allows both)',
    apply: (pair) => {
      const { plain, cached } = pair
      const [first, last] = rangeOf(plain)
      const ignored = isHit(cached) && statusOf(cached.reply.head) === 200 && last < first
      return ignored && statusOf(plain.reply.head) === 416 ? answeredByCache(pair) : pair
    },
  },
  {
    name: 'If-Modified-Since on hits',
    reason: 'without Last-Modified the cache compares with Date (RFC 9111 section 4.3.2)',
    apply: (pair) => {
      const { plain, cached } = pair
      const dated = valuesOf(plain.reply.head, 'last-modified').length > 0
      const answeredByDate = isHit(cached) && !dated && statusOf(cached.reply.head) === 304
      const asked = plain.exchange.headers.map(([name]) => name.toLowerCase())
      const byDateAlone = asked.includes('if-modified-since') && !asked.includes('if-none-match')
      return answeredByDate && byDateAlone && statusOf(plain.reply.head) === 200 ? answeredByCache(pair) : pair
    },
  },
  {
    name: 'Last-Modified on 304',
    reason: 'beside an ETag a 304 needs none (RFC 9110 section 15.4.5)',
    apply: (pair) =>
      isHit(pair.cached) && statusOf(pair.plain.reply.head) === 304 ? onBoth(without(/^last-modified:/i))(pair) : pair,
  },
  {
    name: 'Vary on 304',
    reason:
      'a 304 of the cache varies as its 200 does (RFC 9110 section 15.4.5); layers inside say less without a body',
    apply: (pair) => {
      const { plain, cached } = pair
      if (!isCut(cached)) return pair
      const members = (reply: Reply): string[] => valuesOf(reply.head, 'vary').join().split(/,\s*/).filter(Boolean)
      const says = members(cached.reply)
      return members(plain.reply).every((name) => says.includes(name)) ? onBoth(without(/^vary:/i))(pair) : pair
    },
  },
  {
    name: 'coding of HEAD on hits',
    reason:
      'has the fields of the stored GET (RFC 9110 section 9.3.2), which layers inside compress and a HEAD they do not',
    apply: (pair) =>
      isHit(pair.cached) && pair.plain.exchange.method === 'HEAD'
        ? onBoth((reply) =>
            replaceValues(without(/^(content-encoding|content-length):/i)(reply), /^(etag: )W\//i, '$1'),
          )(pair)
        : pair,
  },
  {
    name: 'compressed bytes on hits',
    reason: 'a layer outside compresses a stored body in one piece; what it unpacks to is compared',
    apply: (pair) => (isHit(pair.cached) ? onBoth(unpacked)(pair) : pair),
  },
  {
    name: 'fields beyond ASCII on hits',
    reason:
      'Node writes them as UTF-8 when the first piece of the body is a string, a hit as Latin-1 (RFC 9110 section 5.5)',
    apply: onHitsBoth((reply) => editLines(reply, (line) => [latin1Of(line)])),
  },
  {
    name: 'connection on hits',
    reason: 'whether it is kept was a matter of the exchange that made the response (RFC 9110 section 7.6.1)',
    apply: (pair) => {
      if (!isHit(pair.cached)) return pair
      const unconnected = (reply: Reply): Reply => ({
        ...without(/^(connection|keep-alive):/i)(reply),
        connection: 'kept',
      })
      return onBoth(unconnected)(pair)
    },
  },
  {
    name: 'Date on hits',
    reason: 'a stored response has one, also where the handler suppressed it (RFC 9110 section 6.6.1)',
    apply: (pair) =>
      isHit(pair.cached) && valuesOf(pair.plain.reply.head, 'date').length === 0
        ? onCached(without(/^date:/i))(pair)
        : pair,
  },
  {
    name: '1xx on hits',
    reason: 'they are of one exchange and not stored (RFC 9111 section 3)',
    apply: (pair) => {
      if (!isHit(pair.cached)) return pair
      return { ...pair, plain: edit(pair.plain, (reply) => ({ ...reply, interim: [] })) }
    },
  },
  {
    name: 'trailers on hits',
    reason: 'are not kept, as RFC 9111 section 3.1 allows; the guide says so',
    apply: (pair) => {
      if (!isHit(pair.cached)) return pair
      const bare = (reply: Reply): Reply => ({
        ...without(/^trailer:/i)(reply),
        trailers: [],
      })
      return { ...pair, plain: edit(pair.plain, bare) }
    },
  },
  {
    name: 'case of names and order of fields of different names on hits',
    reason: 'have no meaning (RFC 9110 sections 5.1, 5.3); lines of one name keep their order',
    apply: (pair) => (isCut(pair.cached) ? onBoth(sortedLines)(pair) : pair),
  },
  {
    name: 'order of notes of handlers and of logs',
    reason:
      'the end of a write waits for the invalidation, so what is logged at its end comes later; each keeps its order',
    apply: ({ round, plain, cached }) => ({ round, plain: handlersFirst(plain), cached: handlersFirst(cached) }),
  },
  {
    name: 'what only a handler does',
    reason: 'on a hit it does not run, so what it notes is not there',
    apply: (pair) => {
      if (!isHit(pair.cached)) return pair
      const outer = pair.plain.notes.filter((note) => !note.startsWith(HANDLER))
      return { ...pair, plain: { ...pair.plain, notes: outer } }
    },
  },
  // The last one, because the others find by it whether the cache answered.
  {
    name: 'Cache-Status',
    reason: 'says what the cache did',
    apply: onBoth((reply) => editLines(reply, (line) => withoutOwnStatus(line))),
  },
]

/** The prefix of notes by handlers, and by layers inside the cache. */
export const HANDLER = 'handler: '

/** Takes the cache's answer in place of the application's own. */
function answeredByCache({ round, plain, cached }: Pair): Pair {
  const same = { ...cached, notes: plain.notes.filter((note) => !note.startsWith(HANDLER)) }
  return { round, plain: same, cached: same }
}

function rangeOf({ exchange: { headers } }: Recording): [number, number] {
  const range = headers.find(([name]) => name.toLowerCase() === 'range')?.[1] ?? ''
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? []
  return [Number(first), Number(last)]
}

function handlersFirst(recording: Recording): Recording {
  const ofHandler = (note: string): boolean => note.startsWith(HANDLER)
  const { notes } = recording
  return { ...recording, notes: [...notes.filter(ofHandler), ...notes.filter((note) => !ofHandler(note))] }
}

function withoutTokens(recording: Recording): Recording {
  const mask = (text: string): string =>
    [...recording.captured].reduce((masked, [name, token]) => masked.replaceAll(token, `<${name}>`), text)
  return edit(recording, (reply) => ({
    ...editLines(reply, (line) => [mask(line)]),
    body: recording.captured.size === 0 ? reply.body : Buffer.from(mask(reply.body.toString('latin1')), 'latin1'),
  }))
}

function withoutOwnStatus(line: string): string[] {
  if (!/^cache-status:/i.test(line)) return [line]
  const others = line.replace(OWN_STATUS, '').replace(/,\s*$/, '')
  return /:\s*$/.test(others) ? [] : [others]
}

/** Tiercel's member of Cache-Status. A detail is a quoted string. */
const OWN_STATUS = /\btiercel(?:;[^,"]*(?:"[^"]*")?)*(?:,\s*)?/

/** Masks the values of cookies that are random. */
export function randomCookies(names: readonly string[]): Exemption {
  const pattern = new RegExp(`^(set-cookie: (?:${names.join('|')})=)[^;]+`, 'i')
  return {
    name: `values of the cookies ${names.join(', ')}`,
    reason: 'are random',
    apply: onBoth((reply) => replaceValues(reply, pattern, '$1<random>')),
  }
}

function onBoth(change: (reply: Reply) => Reply): Exemption['apply'] {
  return ({ round, plain, cached }) => ({ round, plain: edit(plain, change), cached: edit(cached, change) })
}

function onCached(change: (reply: Reply) => Reply): Exemption['apply'] {
  return (pair) => ({ ...pair, cached: edit(pair.cached, change) })
}

function onHits(change: (reply: Reply) => Reply): Exemption['apply'] {
  return (pair) => (isHit(pair.cached) ? onCached(change)(pair) : pair)
}

function onHitsBoth(change: (reply: Reply) => Reply): Exemption['apply'] {
  return (pair) => (isHit(pair.cached) ? onBoth(change)(pair) : pair)
}
