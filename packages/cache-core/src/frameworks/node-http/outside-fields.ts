import type { HeaderLines } from '../../http/message/headers.js'

/** Names, in lower case, of the fields that stood there `before` and still do, with the same lines in the same order. */
export function outsideFields(before: HeaderLines, now: HeaderLines): ReadonlySet<string> {
  const names = new Set<string>()
  if (before.length === 0) return names
  const present = byName(now)
  for (const [name, values] of byName(before)) if (present.get(name) === values) names.add(name)
  return names
}

/** Values joined by what no field may hold. */
function byName(lines: HeaderLines): Map<string, string> {
  const fields = new Map<string, string>()
  for (let i = 0; i < lines.length; i += 2) {
    const name = (lines[i] as string).toLowerCase()
    const values = fields.get(name)
    fields.set(name, values === undefined ? (lines[i + 1] as string) : `${values}\n${lines[i + 1]}`)
  }
  return fields
}
