/** Between the parts of a name; escaped inside each of them. */
export const SEPARATOR = ':'

const NEEDS_ESCAPE = /[%:]/

/** A part without bare separators, so that parts joined by them never spell another list of parts. */
export function escapePart(part: string): string {
  return NEEDS_ESCAPE.test(part) ? part.replaceAll('%', '%25').replaceAll(SEPARATOR, '%3A') : part
}

/** The part as it was before `escapePart`. */
export function unescapePart(part: string): string {
  return part.includes('%') ? part.replaceAll('%3A', SEPARATOR).replaceAll('%25', '%') : part
}
