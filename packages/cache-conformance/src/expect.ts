import type { StoreEntry } from '@tiercel/cache-core/store'

/** The verdict of a case: the store does not behave as promised. */
export class ConformanceError extends Error {
  readonly expected: string
  readonly seen: string

  constructor(what: string, expected: string, seen: string) {
    super(`${what}: expected ${expected}, seen ${seen}`)
    this.name = 'ConformanceError'
    this.expected = expected
    this.seen = seen
  }
}

export function expectEqual(what: string, seen: unknown, expected: unknown): void {
  if (!Object.is(seen, expected)) throw new ConformanceError(what, describe(expected), describe(seen))
}

export function expectTrue(what: string, holds: boolean, expected: string, seen: string): asserts holds {
  if (!holds) throw new ConformanceError(what, expected, seen)
}

/** The entry is there and holds these bytes, in any form: a separate case asks for a Uint8Array. */
export function expectBytes(what: string, entry: StoreEntry | undefined, expected: Uint8Array): StoreEntry {
  const form: unknown = entry?.bytes
  const seen = form instanceof ArrayBuffer ? new Uint8Array(form) : form
  if (!(seen instanceof Uint8Array) || !Buffer.from(expected).equals(seen)) {
    throw new ConformanceError(what, describe(expected), entry === undefined ? 'a miss' : describe(seen))
  }
  return entry as StoreEntry
}

/** The key reads as a miss. */
export function expectMiss(what: string, entry: unknown): void {
  if (entry !== undefined) {
    const bytes = (entry as Partial<StoreEntry> | null)?.bytes
    throw new ConformanceError(what, 'a miss (undefined)', describe(bytes === undefined ? entry : bytes))
  }
}

/** A conditional write won, and reports the version that it wrote. */
export function expectVersion<T>(what: string, version: T | undefined | null): T {
  if (version === undefined || version === null || typeof version === 'boolean') {
    throw new ConformanceError(what, 'the version that was written', describe(version))
  }
  return version
}

/** The operation rejects with an error of one of these codes. */
export async function expectError(
  what: string,
  operation: () => Promise<unknown>,
  ...codes: readonly string[]
): Promise<Error> {
  const wanted = `an error with code ${codes.join(' or ')}`
  let answer: unknown
  try {
    answer = await operation()
  } catch (error) {
    if (error instanceof Error && codes.includes(codeOf(error))) return error
    throw new ConformanceError(what, wanted, describe(error))
  }
  throw new ConformanceError(what, wanted, `no error, the answer ${describe(answer)}`)
}

/** Settles as the operation does, or fails if that takes longer than `ms`. */
export async function expectWithin<T>(what: string, ms: number, operation: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ConformanceError(what, `an end within ${ms} ms`, 'none')), ms)
  })
  try {
    return await Promise.race([operation(), late])
  } finally {
    clearTimeout(timer)
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** Longer texts are cut, since people read the report. */
const MAX_TEXT = 60

export function describe(value: unknown): string {
  if (value instanceof Uint8Array) return describeBytes(value)
  if (value instanceof Error) {
    const code = codeOf(value)
    return `${value.name}${code === '' ? '' : ` ${code}`}: ${value.message}`
  }
  if (typeof value === 'string') return value.length > MAX_TEXT ? `'${value.slice(0, MAX_TEXT)}…'` : `'${value}'`
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(describe).join(', ')}${value.length > 8 ? ', …' : ''}]`
  if (typeof value === 'object' && value !== null) return `an object {${Object.keys(value).join(', ')}}`
  return String(value)
}

function describeBytes(bytes: Uint8Array): string {
  if (bytes.byteLength === 0) return 'no bytes'
  const head = Buffer.from(bytes.subarray(0, 16)).toString('hex')
  return `${bytes.byteLength} bytes ${head}${bytes.byteLength > 16 ? '…' : ''}`
}
