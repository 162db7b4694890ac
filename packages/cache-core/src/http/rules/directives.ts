import { type ResponseDirectives, responseDirectives, type Scope } from '../message/cache-control.js'
import { all, type HeaderLines, has } from '../message/headers.js'
import { targetedDirectives } from '../message/targeted-cache-control.js'

export interface DirectiveRules {
  /** Fields that speak to this cache in place of Cache-Control, in lower case, the first one first (RFC 9213). */
  readonly targetedFields: readonly string[]
}

/** What a response says to this cache. */
export interface Directives {
  readonly directives: ResponseDirectives
  /** Whether a targeted field says it: then neither Cache-Control nor Expires counts (RFC 9213 section 2.2). */
  readonly targeted: boolean
}

export function directivesFor(headers: HeaderLines, { targetedFields }: DirectiveRules): Directives {
  for (const name of targetedFields) {
    const directives = has(headers, name) ? targetedDirectives(all(headers, name)) : undefined
    if (directives !== undefined) return { directives: asMeant(directives), targeted: true }
  }
  return { directives: asMeant(responseDirectives(all(headers, 'cache-control'))), targeted: false }
}

/** Without these nobody can read the bytes that are stored, or tell whom they are for. */
const INDISPENSABLE: ReadonlySet<string> = new Set(['content-encoding', 'content-range', 'content-type', 'vary'])

/** A `no-cache` or `private` that names one of them is about the response as a whole: there is nothing to send without it. */
function asMeant(directives: ResponseDirectives): ResponseDirectives {
  const { noCache, private: isPrivate } = directives
  if (typeof noCache === 'boolean' && typeof isPrivate === 'boolean') return directives
  return { ...directives, noCache: whole(noCache), private: whole(isPrivate) }
}

function whole(scope: Scope): Scope {
  return typeof scope === 'boolean' || !scope.some((name) => INDISPENSABLE.has(name)) ? scope : true
}
