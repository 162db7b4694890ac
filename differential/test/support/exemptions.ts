import type { Pair, Recording } from './recording.js'
import { type Head, type Reply, valuesOf } from './reply.js'

/** A difference that is meant, with the reason. What it names is made equal before the two are compared. */
export interface Exemption {
  readonly name: string
  readonly reason: string
  apply(pair: Pair): Pair
}

/** Whether the cache answered, so that no handler ran. */
export function isHit({ reply }: Recording): boolean {
  return valuesOf(reply.head, 'cache-status').some((value) => /(^|, )tiercel; (hit|[^,]*collapsed)/.test(value))
}

/** What holds for every application. */
export const EXEMPTIONS: readonly Exemption[] = [
  {
    name: 'Age on hits',
    reason: 'says how old a stored response is',
    apply: onHits((reply) => editLines(reply, (line) => (/^age:/i.test(line) ? [] : [line]))),
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
    apply: (pair) =>
      valuesOf(pair.plain.reply.head, 'etag').length > 0
        ? pair
        : onCached((reply) => editLines(reply, (line) => (/^etag:/i.test(line) ? [] : [line])))(pair),
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
        ...editLines(reply, (line) => (/^(content-length|transfer-encoding):/i.test(line) ? [] : [line])),
        framing: 'length',
      })
      return { ...pair, plain: edit(plain, unframed), cached: edit(cached, unframed) }
    },
  },
  {
    name: 'connection on hits',
    reason: 'whether it is kept was a matter of the exchange that made the response (RFC 9110 section 7.6.1)',
    apply: (pair) => {
      if (!isHit(pair.cached)) return pair
      const unconnected = (reply: Reply): Reply => ({
        ...editLines(reply, (line) => (/^(connection|keep-alive):/i.test(line) ? [] : [line])),
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
        ? onCached((reply) => editLines(reply, (line) => (/^date:/i.test(line) ? [] : [line])))(pair)
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
        ...editLines(reply, (line) => (/^trailer:/i.test(line) ? [] : [line])),
        trailers: [],
      })
      return { ...pair, plain: edit(pair.plain, bare) }
    },
  },
  {
    name: 'order of fields of different names on hits',
    reason: 'has no meaning (RFC 9110 section 5.3); lines of one name keep theirs',
    apply: (pair) => (isHit(pair.cached) ? onBoth(sortLines)(pair) : pair),
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
  // The last one: the others ask it whether the cache answered.
  {
    name: 'Cache-Status',
    reason: 'says what the cache did',
    apply: onCached((reply) => editLines(reply, (line) => withoutOwnStatus(line))),
  },
]

/** Notes of handlers, and of the layers inside of the cache, begin with it. */
export const HANDLER = 'handler: '

function withoutTokens(recording: Recording): Recording {
  const mask = (text: string): string =>
    [...recording.captured].reduce((masked, [name, token]) => masked.replaceAll(token, `<${name}>`), text)
  return edit(recording, (reply) => ({
    ...editLines(reply, (line) => [mask(line)]),
    body: recording.captured.size === 0 ? reply.body : Buffer.from(mask(reply.body.toString('latin1')), 'latin1'),
  }))
}

function withoutOwnStatus(line: string): string[] {
  const [, name = '', value] = /^(cache-status: )(.*)$/i.exec(line) ?? []
  if (value === undefined) return [line]
  const others = value.split(', ').filter((member) => !/^tiercel(;|$)/.test(member))
  return others.length === 0 ? [] : [name + others.join(', ')]
}

/** The values of cookies that are random. */
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

function edit(recording: Recording, change: (reply: Reply) => Reply): Recording {
  return { ...recording, reply: change(recording.reply) }
}

function editLines(reply: Reply, change: (line: string) => readonly string[]): Reply {
  return reply.head === undefined ? reply : { ...reply, head: withLines(reply.head, reply.head.lines.flatMap(change)) }
}

function replaceValues(reply: Reply, pattern: RegExp, replacement: string): Reply {
  return editLines(reply, (line) => [line.replace(pattern, replacement)])
}

function sortLines(reply: Reply): Reply {
  if (reply.head === undefined) return reply
  const nameOf = (line: string): string => line.slice(0, line.indexOf(':')).toLowerCase()
  const compare = (left: string, right: string): number =>
    nameOf(left) < nameOf(right) ? -1 : nameOf(left) > nameOf(right) ? 1 : 0
  return { ...reply, head: withLines(reply.head, reply.head.lines.toSorted(compare)) }
}

function withLines(head: Head, lines: readonly string[]): Head {
  return { ...head, lines }
}
