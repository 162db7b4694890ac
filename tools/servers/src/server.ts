/** The engines that the launcher knows. */
export type Engine = 'redis' | 'memcached' | 'couchbase' | 'hazelcast'

/**
 * A running server, private to whoever started it, or the external one named by `TIERCEL_<ENGINE>_URL`.
 * `url` is in the engine's URL form and may name several hosts.
 */
export interface Server {
  readonly engine: Engine
  readonly url: string
  /** Given by the environment: it is never stopped, and there are no faults to inject. */
  readonly external: boolean
  /** SIGSTOP to every process of it, or to one of `count`, in the order of the URL. */
  freeze(member?: number): Promise<void>
  /** SIGCONT, as `freeze`. */
  thaw(member?: number): Promise<void>
  /** SIGKILL, as `freeze`. */
  kill(member?: number): Promise<void>
  /** Starts it again on the same ports, empty, killing it first where it still runs. Resolves when it answers. */
  restart(): Promise<void>
  /** Ends it and removes its folder. Idempotent. Also done by itself when this process ends, however it ends. */
  stop(): Promise<void>
}

export interface StartOptions {
  /** How many servers (memcached) or members (Hazelcast). Default 1. */
  readonly count?: number
  /** Further command line arguments for the server (memcached, Redis), or for Java (Hazelcast: `-Dhazelcast.…=…`). */
  readonly args?: readonly string[]
}
