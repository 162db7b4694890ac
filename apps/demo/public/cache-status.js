/**
 * `Cache-Status` (RFC 9211) in words. The last cache of the list is the one next to the reader.
 * @returns {{ kind: 'hit' | 'miss' | 'none', label: string, words: string }}
 */
export function explain(header) {
  if (header === null) return { kind: 'none', label: 'No cache', words: 'The database answered; no cache was asked.' }
  const parameters = parseLast(header)
  if (parameters.has('hit'))
    return { kind: 'hit', label: 'Hit', words: `Out of the cache${lifetime(parameters.get('ttl'))}.` }

  const forward = parameters.get('fwd')
  const reason = REASONS[forward] ?? 'The cache could not answer it'
  const then = parameters.has('collapsed')
    ? ', and it was answered together with the same question of somebody else'
    : parameters.has('stored')
      ? '; the answer is stored now'
      : ''
  const detail = parameters.get('detail')
  const label = forward === 'method' ? 'Write' : forward === 'bypass' ? 'Passed by' : 'Miss'
  return { kind: 'miss', label, words: `${reason}${then}.${detail ? ` (${detail})` : ''}` }
}

const REASONS = {
  'uri-miss': 'Nothing stood in the cache for this address',
  'vary-miss': 'The cache holds this address for other request headers only',
  miss: 'Nothing usable stood in the cache, so the database was asked',
  stale: 'What stood in the cache was too old',
  request: 'The request asked for a new answer',
  method: 'A write always goes through',
  bypass: 'The cache let it pass',
  partial: 'The cache held a part of it only',
}

function lifetime(ttl) {
  if (ttl === undefined) return ''
  return Number(ttl) >= 0 ? `, fresh for another ${ttl}\u00a0s` : `, ${-Number(ttl)} s past its time`
}

/** A separator outside quotes: an even number of them follows. */
const outsideQuotes = (separator) => new RegExp(`${separator}(?=(?:[^"]*"[^"]*")*[^"]*$)`)

/** The parameters of the last member; one without a value is `true`. */
function parseLast(header) {
  const last = header.split(outsideQuotes(',')).at(-1)
  const parameters = last.split(outsideQuotes(';')).slice(1)
  return new Map(
    parameters.map((parameter) => {
      const [name, value = 'true'] = parameter.trim().split('=')
      return [name, value.replace(/^"|"$/g, '')]
    }),
  )
}
