/** What all clients cache: of each key the version, which only goes up. */
export class Database {
  readonly #versions = new Map<string, number>()

  version(key: string): number {
    return this.#versions.get(key) ?? 0
  }

  /** Another version, which is answered. */
  change(key: string): number {
    const version = this.version(key) + 1
    this.#versions.set(key, version)
    return version
  }
}

/** What real values weigh: on a narrow line that counts. */
const PADDING = '.'.repeat(1_000)

/** A value says whose it is, and which version. */
export function valueFor(key: string, version: number): string {
  return `${key}@${version}${PADDING}`
}

/** The version that a value names; `undefined` where it is none of this key's. */
export function versionIn(value: unknown, key: string): number | undefined {
  if (typeof value !== 'string' || !value.startsWith(`${key}@`) || !value.endsWith(PADDING)) return undefined
  const version = Number(value.slice(key.length + 1, -PADDING.length))
  return Number.isSafeInteger(version) ? version : undefined
}
