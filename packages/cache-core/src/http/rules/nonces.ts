import { first, type HeaderLines } from '../message/headers.js'
import type { HeadChanges } from './head-changes.js'

/**
 * Nonces in fields that layers outside have set (Content-Security-Policy). They are made for this response alone, and stand
 * in the page as well. On a hit the field would be new and the page old, so the browser would run none of its scripts.
 */
export function noncesOutside(headers: HeaderLines, changes: HeadChanges): readonly string[] {
  const nonces: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    const found = [...(headers[i + 1] as string).matchAll(NONCE)]
    if (found.length > 0 && !isOfTheHandler(name, changes)) nonces.push(...found.map(([, nonce]) => nonce as string))
  }
  return nonces
}

const NONCE = /'nonce-([^']+)'/gi

function isOfTheHandler(name: string, { lines, added }: HeadChanges): boolean {
  return first(lines, name) !== undefined && !added.includes(name)
}

/** Whether a policy may concern a body of this type: it is a document, or its bytes do not show what it is. */
export function isDocument(headers: HeaderLines): boolean {
  const type = first(headers, 'content-type')
  return type === undefined || /html|xml/i.test(type) || first(headers, 'content-encoding') !== undefined
}
