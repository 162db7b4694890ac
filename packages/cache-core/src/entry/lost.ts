import { kindOf } from '../base/show.js'

/**
 * What a codec writes of an object: the object itself where it writes all of its fields, else an object whose fields are
 * what it writes; `undefined` where content would be lost.
 */
export type WrittenOf = (object: object, name: string) => object | undefined

/** What a codec would lose silently, and where: `a Map`, `an Error at jobs.0.reason`. `undefined`: nothing. */
export function findLost(value: unknown, writtenOf: WrittenOf): string | undefined {
  const lost = isObject(value) ? search(value, '', writtenOf) : undefined
  if (lost === undefined) return undefined
  return lost.path.length === 0 ? kindOf(lost.object) : `${kindOf(lost.object)} at ${lost.path.join('.')}`
}

interface Lost {
  readonly object: object
  readonly path: readonly string[]
}

function search(object: object, name: string, writtenOf: WrittenOf): Lost | undefined {
  const written = writtenOf(object, name)
  if (written === undefined) return { object, path: [] }
  return Array.isArray(written) ? searchItems(written, writtenOf) : searchFields(written, writtenOf)
}

/** Makes names for objects only: most arrays are long lists of other things. */
function searchItems(items: readonly unknown[], writtenOf: WrittenOf): Lost | undefined {
  for (let index = 0; index < items.length; index++) {
    const item = items[index]
    if (!isObject(item)) continue
    const name = String(index)
    const lost = search(item, name, writtenOf)
    if (lost !== undefined) return { ...lost, path: [name, ...lost.path] }
  }
  return undefined
}

function searchFields(written: object, writtenOf: WrittenOf): Lost | undefined {
  const fields = written as Readonly<Record<string, unknown>>
  for (const name of Object.keys(fields)) {
    const member = fields[name]
    if (!isObject(member)) continue
    const lost = search(member, name, writtenOf)
    if (lost !== undefined) return { ...lost, path: [name, ...lost.path] }
  }
  return undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** An object of no class, of another realm too: when it is empty, `{}` is all that there is. */
export function isPlainObject(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}
