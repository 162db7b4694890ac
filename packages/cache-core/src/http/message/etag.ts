import { hash } from 'node:crypto'

/** Characters of the digest that are kept: 22 of base64url are 132 bits. */
const LENGTH = 22

/**
 * An entity tag made from the bytes of a body. Weak (RFC 9110 section 8.8.3) unless the route says that no layer outside,
 * such as compression, changes the bytes and leaves the tag.
 */
export function etagOf(body: readonly Uint8Array[], strong: boolean): string {
  const bytes = body.length === 1 ? (body[0] as Uint8Array) : Buffer.concat(body)
  const tag = `"${hash('sha256', bytes, 'base64url').slice(0, LENGTH)}"`
  return strong ? tag : `W/${tag}`
}

/** Tags are the same when what stands in the quotes is (weak comparison, RFC 9110 section 8.8.3.2). */
export function opaqueTag(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag
}

/** The tags of a list without their weakness. */
export function opaqueTags(list: string): string[] {
  return entityTags(list).map(opaqueTag)
}

/** The strong tags of a list. */
export function strongTags(list: string): string[] {
  return entityTags(list).filter((etag) => !etag.startsWith('W/'))
}

/** A list of entity tags, read from its start as far as it is one; a comma may stand inside the quotes. */
function entityTags(list: string): string[] {
  const tag = /[\t ,]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[\t ]*(?=,|$)/y
  const tags: string[] = []
  for (let match = tag.exec(list); match !== null; match = tag.exec(list)) tags.push(match[1] as string)
  return tags
}
