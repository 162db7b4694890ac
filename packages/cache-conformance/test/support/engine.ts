import { randomBytes } from 'node:crypto'

/** What a reference store asks of its engine. Bytes travel as base64, so that a command is plain JSON. */
export type Command =
  | { readonly op: 'get' | 'delete'; readonly key: string }
  | { readonly op: 'getMany'; readonly keys: readonly string[] }
  | { readonly op: 'set' | 'add'; readonly key: string; readonly bytes: string; readonly ttl?: number | undefined }
  | {
      readonly op: 'compareAndSet'
      readonly key: string
      readonly version: string
      readonly bytes: string
      readonly ttl?: number | 'keep' | undefined
    }
  | { readonly op: 'compareAndDelete'; readonly key: string; readonly version: string }
  | { readonly op: 'touch'; readonly key: string; readonly ttl: number }
  | { readonly op: 'increment'; readonly key: string; readonly by: number; readonly ttl?: number | undefined }
  | { readonly op: 'purge'; readonly prefix: string }
  | { readonly op: 'publish'; readonly channel: string; readonly message: string }
  | { readonly op: 'ping' }

export interface Stored {
  readonly bytes: string
  readonly version: string
  readonly expiresAt: number
}

interface Counter {
  value: number
  readonly expiresAt: number
}

/** Largest value of the engine. For a larger one it answers `'too large'` and leaves the key absent. */
export const ENGINE_MAX_BYTES = 262_144

/** The smallest engine that can do all that the contract asks. Mutants are made of it. */
export class Engine {
  readonly entries = new Map<string, Stored>()
  readonly counters = new Map<string, Counter>()
  readonly listeners = new Set<(channel: string, message: string) => void>()
  /** A restart begins another series, so that no version occurs twice. */
  readonly #series: string
  #writes = 0

  constructor(series = randomBytes(4).toString('hex')) {
    this.#series = series
  }

  execute(command: Command, now = Date.now()): unknown {
    switch (command.op) {
      case 'get':
        return this.live(command.key, now)
      case 'getMany':
        return command.keys.map((key) => this.live(key, now) ?? null)
      case 'set':
        return this.write(command.key, command.bytes, now, command.ttl)
      case 'add':
        return this.live(command.key, now) === undefined
          ? this.write(command.key, command.bytes, now, command.ttl)
          : undefined
      case 'compareAndSet': {
        const present = this.live(command.key, now)
        if (present?.version !== command.version) return undefined
        const ttl = command.ttl === 'keep' ? present.expiresAt - now : command.ttl
        return this.write(command.key, command.bytes, now, ttl)
      }
      case 'delete':
        return this.live(command.key, now) !== undefined && this.entries.delete(command.key)
      case 'compareAndDelete':
        return this.live(command.key, now)?.version === command.version && this.entries.delete(command.key)
      case 'touch':
        return this.#touch(command.key, now, command.ttl)
      case 'increment':
        return this.#increment(command.key, command.by, now, command.ttl)
      case 'purge':
        for (const map of [this.entries, this.counters]) {
          for (const key of map.keys()) if (key.startsWith(command.prefix)) map.delete(key)
        }
        return true
      case 'publish':
        for (const listener of this.listeners) listener(command.channel, command.message)
        return true
      case 'ping':
        return true
    }
  }

  live(key: string, now: number): Stored | undefined {
    const entry = this.entries.get(key)
    return entry !== undefined && entry.expiresAt > now ? entry : undefined
  }

  write(key: string, bytes: string, now: number, ttl?: number): string {
    if (Buffer.byteLength(bytes, 'base64') > ENGINE_MAX_BYTES) {
      this.entries.delete(key)
      return 'too large'
    }
    const version = `${this.#series}-${++this.#writes}`
    this.entries.set(key, { bytes, version, expiresAt: endOf(now, ttl) })
    return version
  }

  #touch(key: string, now: number, ttl: number): boolean {
    const entry = this.live(key, now)
    if (entry === undefined) return false
    this.entries.set(key, { ...entry, expiresAt: endOf(now, ttl) })
    return true
  }

  #increment(key: string, by: number, now: number, ttl?: number): number | 'beyond' {
    const present = this.counters.get(key)
    if (present !== undefined && present.expiresAt > now) {
      if (!Number.isSafeInteger(present.value + by)) return 'beyond'
      present.value += by
      return present.value
    }
    this.counters.set(key, { value: by, expiresAt: endOf(now, ttl) })
    return by
  }
}

function endOf(now: number, ttl?: number | null): number {
  // JSON has no Infinity: a lifetime without an end arrives as null.
  return ttl === undefined || ttl === null ? Number.POSITIVE_INFINITY : now + ttl
}
