import { hash } from 'node:crypto'
import { escapePart } from '../../base/escape.js'
import { keyText } from '../../protocol/key.js'
import type { ResourceName } from '../rules/resource-name.js'

/**
 * Longest text of a URL, and of the parts of a variant, that stands in the store's keys as it is. A client may ask for
 * URLs of 8 KiB, each another one: what each leaves, a pass mark at least, must stay small.
 */
const MAX_CHARACTERS = 512
/** How much of a longer one is still to be read by people. */
const SHOWN_CHARACTERS = 100

/**
 * A URL's name as one text. A long one is its beginning and its digest: two parts where a name has three, and no path is
 * a digest, so the two kinds never meet.
 * @throws InvalidKeyError
 */
export function urlText(name: ResourceName): string {
  const text = keyText(name)
  return text.length <= MAX_CHARACTERS ? text : keyText([text.slice(0, SHOWN_CHARACTERS), digest(text)])
}

/** The parts that select a variant as one text. No part of theirs is of this kind. */
export function partsText(parts: readonly string[]): string {
  const text = keyText(parts)
  return text.length <= MAX_CHARACTERS ? text : escapePart(`;parts:${digest(text)}`)
}

function digest(text: string): string {
  return hash('sha256', text, 'base64url')
}
