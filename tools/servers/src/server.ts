export type Engine = 'redis' | 'memcached' | 'couchbase' | 'hazelcast'

/**
 * A running server: a private one, or the external one that `TIERCEL_<ENGINE>_URL` names. `url` is in the engine's URL
 * form and may name several hosts.
 */
export interface Server {
  readonly engine: Engine
  readonly url: string
  /** Given by the environment: it is never stopped, and faults cannot be injected. */
  readonly external: boolean
  /** Sends SIGSTOP to all its processes, or to one of `count`, in the order of the URL. */
  freeze(member?: number): Promise<void>
  /** Sends SIGCONT, like `freeze`. */
  thaw(member?: number): Promise<void>
  /** Sends SIGKILL, like `freeze`. */
  kill(member?: number): Promise<void>
  /** Starts it again, empty and on the same ports, after killing it if it still runs. Resolves when it answers. */
  restart(): Promise<void>
  /** Ends it and removes its folder. Idempotent. Happens by itself when this process ends, in whatever way. */
  stop(): Promise<void>
}

export interface StartOptions {
  /** Number of servers (memcached) or members (Hazelcast). Default 1. */
  readonly count?: number
  /** More command line arguments for the server (memcached, Redis), or for Java (Hazelcast: `-Dhazelcast.…=…`). */
  readonly args?: readonly string[]
}
