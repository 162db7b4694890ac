import type { HeaderLines } from '../message/headers.js'

/** Changes made to a set of fields, to be applied to another set. Names are in lower case. */
export interface HeadChanges {
  /** Of a field in `added`, the lines that were appended; of any other, all its lines. */
  readonly lines: HeaderLines
  /** Fields whose lines are appended to others of the same name. */
  readonly added: readonly string[]
  /** Fields that were removed. */
  readonly removed: readonly string[]
}

/** Changes as they were observed, since comparing before and after does not show them all. Names are in lower case. */
export interface HeadLog {
  /** Set, perhaps to the same value. */
  readonly set: ReadonlySet<string>
  /** Appended to, perhaps as the first line. */
  readonly appended: ReadonlySet<string>
  /** Removed, perhaps without being there. */
  readonly removed: ReadonlySet<string>
}

const NOTHING: ReadonlySet<string> = new Set()

/** Nothing was seen. */
export const NO_LOG: HeadLog = { set: NOTHING, appended: NOTHING, removed: NOTHING }

/** The changes that turned the fields `before` into those `now`. */
export function changesOf(before: HeaderLines, now: HeaderLines, log: HeadLog): HeadChanges {
  const [stood, stands] = [valuesByName(before), valuesByName(now)]
  const changed = new Map<string, readonly string[]>()
  const added: string[] = []
  for (const [name, values] of stands) {
    const old = stood.get(name) ?? []
    const touched = log.set.has(name) || log.appended.has(name)
    if (!touched && old.length > 0 && sameLines(old, values)) continue
    const more = linesBehind(name, old, values, log)
    if (more !== undefined) added.push(name)
    changed.set(name, more ?? values)
  }
  const removed = new Set([...stood.keys(), ...log.removed].filter((name) => !stands.has(name)))
  return { lines: pick(now, changed), added, removed: [...removed] }
}

/** The lines that were appended, if that is what happened: most code does it by setting what it reads and something more. */
function linesBehind(
  name: string,
  old: readonly string[],
  now: readonly string[],
  log: HeadLog,
): readonly string[] | undefined {
  const more = old.length > 0 && name !== 'cache-control' ? rest(old, now) : undefined
  if (more !== undefined) return more
  // Several layers add to Vary, and one name too many does no harm.
  const appended = name === 'vary' || (old.length === 0 && log.appended.has(name) && !log.set.has(name))
  return appended ? now : undefined
}

/** The lines, or members of the last line, that `now` has after all of `old`; `undefined` if it does not continue `old`. */
function rest(old: readonly string[], now: readonly string[]): readonly string[] | undefined {
  const last = old.length - 1
  const at = now[last]
  if (at === undefined || !sameLines(old.slice(0, last), now.slice(0, last))) return undefined
  const behind = now.slice(old.length)
  if (at === old[last]) return behind.length > 0 ? behind : undefined
  return at.startsWith(`${old[last]}, `) ? [at.slice((old[last] as string).length + 2), ...behind] : undefined
}

function sameLines(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((line, index) => line === right[index])
}

function valuesByName(lines: HeaderLines): Map<string, string[]> {
  const fields = new Map<string, string[]>()
  for (let i = 0; i < lines.length; i += 2) {
    const name = (lines[i] as string).toLowerCase()
    const values = fields.get(name)
    if (values === undefined) fields.set(name, [lines[i + 1] as string])
    else values.push(lines[i + 1] as string)
  }
  return fields
}

/** Lines of these fields with these values, each field where it stands in `lines`, as it is written there. */
function pick(lines: HeaderLines, fields: Map<string, readonly string[]>): string[] {
  const picked: string[] = []
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i] as string
    const values = fields.get(name.toLowerCase()) ?? []
    fields.delete(name.toLowerCase())
    for (const value of values) picked.push(name, value)
  }
  return picked
}
