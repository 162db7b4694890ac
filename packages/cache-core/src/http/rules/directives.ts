import { type ResponseDirectives, responseDirectives } from '../message/cache-control.js'
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
    if (directives !== undefined) return { directives, targeted: true }
  }
  return { directives: responseDirectives(all(headers, 'cache-control')), targeted: false }
}
