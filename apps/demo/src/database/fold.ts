/**
 * A name as people type it: `São Paulo` and `sao  paulo` are the same. Control characters count as spaces, since
 * PostgreSQL does not accept NUL.
 */
export function fold(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
}
