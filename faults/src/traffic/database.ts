/** The data behind all clients' caches: a version of each key, which only goes up. */
export class Database {
  readonly #versions = new Map<string, number>()

  version(key: string): number {
    return this.#versions.get(key) ?? 0
  }

  /** Changes the key and returns its new version. */
  change(key: string): number {
    const version = this.version(key) + 1
    this.#versions.set(key, version)
    return version
  }
}

/** As large as real values, which matters on a narrow line. */
const PADDING = '.'.repeat(1_000)

/** A value that names its key and version. */
export function valueFor(key: string, version: number): string {
  return `${key}@${version}${PADDING}`
}

/** The version that a value names; `undefined` if it is not a value of this key. */
export function versionIn(value: unknown, key: string): number | undefined {
  if (typeof value !== 'string' || !value.startsWith(`${key}@`) || !value.endsWith(PADDING)) return undefined
  const version = Number(value.slice(key.length + 1, -PADDING.length))
  return Number.isSafeInteger(version) ? version : undefined
}
