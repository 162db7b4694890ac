/** Memory of values, roughly: of an object or array, of each field, of a number that is no small integer, of text. */
const OBJECT_BYTES = 40
const FIELD_BYTES = 8
const NUMBER_BYTES = 16
const TEXT_BYTES = 16

/**
 * Freezes a value deeply, so that all callers may share it.
 *
 * @returns its size in memory, roughly; `undefined` where it holds something that can be changed although frozen (a Map,
 *   Set, Date, bytes, an instance of a class): then nothing is frozen.
 */
export function freezePlain(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null) return isUnchanging(value) ? sizeOf(value) : undefined
  // A codec may know circles, and one object in two places.
  const plain = new Set<object>([value])
  let bytes = 0
  for (const object of plain) {
    if (!isPlain(object)) return undefined
    bytes += OBJECT_BYTES
    for (const field of Object.values(object)) {
      bytes += FIELD_BYTES + sizeOf(field)
      if (typeof field === 'object' && field !== null) plain.add(field)
      else if (!isUnchanging(field)) return undefined
    }
  }
  for (const object of plain) Object.freeze(object)
  return bytes
}

function isUnchanging(primitive: unknown): boolean {
  return typeof primitive !== 'function'
}

function sizeOf(field: unknown): number {
  if (typeof field === 'string') return TEXT_BYTES + field.length
  return typeof field === 'number' && !Number.isInteger(field) ? NUMBER_BYTES : 0
}

/** An array or an object of no class, of another realm too, such as Jest's. */
function isPlain(object: object): boolean {
  if (Array.isArray(object)) return true
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype === null || prototype === Object.prototype) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
}
