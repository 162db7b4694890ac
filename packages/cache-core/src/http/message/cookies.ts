/** One pair of a Cookie field (RFC 6265 section 4.2.1): its name, and the pair as it was written. */
interface CookiePair {
  readonly name: string
  readonly pair: string
}

function cookiePairs(cookie: string): CookiePair[] {
  const pairs: CookiePair[] = []
  for (const part of cookie.split(';')) {
    const pair = part.trim()
    const equals = pair.indexOf('=')
    if (equals > 0) pairs.push({ name: pair.slice(0, equals).trimEnd(), pair })
  }
  return pairs
}

/**
 * The pairs of a Cookie field with these names, in the order in which they came, a repeated name too: parsers differ in
 * which one they believe. `undefined` when there are none, as if the field were absent.
 */
export function pickCookies(cookie: string | undefined, names: ReadonlySet<string>): string | undefined {
  if (cookie === undefined || names.size === 0) return undefined
  const picked = cookiePairs(cookie).filter(({ name }) => names.has(name))
  return picked.length === 0 ? undefined : picked.map(({ pair }) => pair).join('; ')
}
