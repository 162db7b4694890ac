import { hash } from 'node:crypto'
import { escapePart } from '../../base/escape.js'
import { keyText } from '../../protocol/key.js'
import type { ResourceName } from '../rules/resource-name.js'

/**
 * Longest text of a URL, and of the parts of a variant, that stands in the store's keys as it is. Clients can request any
 * number of URLs of 8 KiB, and whatever each one leaves in the store, at least a pass mark, must stay small.
 */
const MAX_CHARACTERS = 512
/** How much of a longer text stays readable. */
const SHOWN_CHARACTERS = 100

/**
 * A URL's name as one text. A long one becomes its beginning and its digest: two parts where a name has three, and no path is
 * a digest, so the two forms never collide.
 * @throws InvalidKeyError
 */
export function urlText(name: ResourceName): string {
  const text = keyText(name)
  return text.length <= MAX_CHARACTERS ? text : keyText([text.slice(0, SHOWN_CHARACTERS), digest(text)])
}

/** The parts that select a variant as one text. No real part begins with `;parts:`. */
export function partsText(parts: readonly string[]): string {
  const text = keyText(parts)
  return text.length <= MAX_CHARACTERS ? text : escapePart(`;parts:${digest(text)}`)
}

function digest(text: string): string {
  return hash('sha256', text, 'base64url')
}
