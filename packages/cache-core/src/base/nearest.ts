/** The name that was probably meant: the same in another case, or the one with the fewest letters changed. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const meant = letters(name)
  // A third of the letters: 'tll' is ttl and 'prefxi' is prefix, but 'tags' is not ttl.
  let closest = Math.max(1, Math.floor(meant.length / 3)) + 1
  let found: string | undefined
  for (const candidate of known) {
    const distance = edits(meant, letters(candidate))
    if (distance >= closest) continue
    closest = distance
    found = candidate
  }
  return found
}

/** `max_bytes`, `max-bytes` and `MAXBYTES` are one name. */
function letters(name: string): string {
  return name.toLowerCase().replaceAll(/[-_\s]/g, '')
}

/** Letters to insert, delete or replace to make `b` of `a` (Levenshtein). */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
