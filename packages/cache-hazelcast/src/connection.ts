import type { Socket } from 'node:net'
import { Client, type ClientConfig, LifecycleState } from 'hazelcast-client'
import { connectionLog } from './connection-log.js'
import { frameBytesOf, TOO_LARGE_DATA } from './entries.js'
import { errors } from './errors.js'
import { type FrameReader, limitFrames } from './frame-limit.js'
import type { HazelcastClient } from './options.js'

/** Provides the client that a store uses. */
export interface Connection {
  /** Called when a member becomes connected. Only for the store's own client. */
  onReachable: () => void
  /** The client, if it can be used immediately. */
  readonly current: HazelcastClient | undefined
  /**
   * The client. Waits for it only during the very first attempt to connect.
   * @throws StoreUnavailableError when not connected, StoreClosedError after `close`.
   */
  client(): Promise<HazelcastClient>
  close(): Promise<void>
}

/** The caller's client: used as it is, never shut down. */
export class CallersConnection implements Connection {
  onReachable: () => void = () => {}
  readonly #client: HazelcastClient
  #closed = false

  constructor(client: HazelcastClient) {
    this.#client = client
  }

  get current(): HazelcastClient | undefined {
    return !this.#closed && this.#client.getLifecycleService().isRunning() ? this.#client : undefined
  }

  async client(): Promise<HazelcastClient> {
    if (this.#closed) throw errors.closed()
    if (this.current === undefined) throw errors.notConnected('the client given was shut down')
    return this.#client
  }

  async close(): Promise<void> {
    this.#closed = true
  }
}

/** After this long the first attempt counts as failed: operations no longer wait, though the client keeps trying. */
const FIRST_ATTEMPT_MS = 1_000
/** A client that the cluster rejects for good shuts itself down. The next one is created no sooner than this. */
const RENEW_AFTER_MS = 1_000

/**
 * The store's own client, created by the first operation. Operations wait while the first attempt to connect runs.
 * After that they fail immediately when there is no connection, and the client reconnects by itself.
 */
export class OwnConnection implements Connection {
  onReachable: () => void = () => {}
  readonly #config: ClientConfig
  readonly #maxValueBytes: number
  #opening: Promise<void> | undefined
  #client: HazelcastClient | undefined
  #current: HazelcastClient | undefined
  #problem = 'no connection yet'
  #renewAt = 0
  #closed = false

  constructor(config: ClientConfig, maxValueBytes: number) {
    this.#config = config
    this.#maxValueBytes = maxValueBytes
  }

  get current(): HazelcastClient | undefined {
    return this.#current
  }

  async client(): Promise<HazelcastClient> {
    if (this.#closed) throw errors.closed()
    if (this.#opening !== undefined || performance.now() >= this.#renewAt) {
      this.#opening ??= this.#open()
      await this.#opening
    }
    if (this.#closed) throw errors.closed()
    if (this.#current === undefined) throw errors.notConnected(this.#problem)
    return this.#current
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#current = undefined
    await this.#client?.shutdown()
  }

  /** Settles when the first attempt to connect has succeeded or failed. `#client` is set a few microtasks later. */
  async #open(): Promise<void> {
    let stopConnectingMembers: (() => void) | undefined
    let timer: NodeJS.Timeout | undefined
    const attempted = new Promise<void>((resolve, reject) => {
      timer = setTimeout(resolve, FIRST_ATTEMPT_MS).unref()
      const onState = (state: LifecycleState): void => {
        if (state === LifecycleState.CONNECTED && !this.#closed) {
          this.#current = this.#client
          this.onReachable()
        }
        if (state === LifecycleState.DISCONNECTED) this.#lost('the connection was lost')
        if (state === LifecycleState.SHUTTING_DOWN) {
          stopConnectingMembers?.()
          this.#lost(this.#problem)
          this.#opening = undefined
          this.#renewAt = performance.now() + RENEW_AFTER_MS
        }
        if (state === LifecycleState.CONNECTED || state === LifecycleState.SHUTTING_DOWN) resolve()
      }
      const onProblem = (problem: string): void => {
        this.#problem = problem
      }
      Client.newHazelcastClient({
        ...this.#config,
        lifecycleListeners: [onState],
        customLogger: connectionLog(onProblem, resolve),
      }).then((client) => {
        this.#client = client
        if (this.#config.network?.smartRouting !== false) stopConnectingMembers = connectMembers(client)
        pauseBetweenRegistrations(client)
        pauseBetweenGreetings(client)
        limitReplies(client, this.#maxValueBytes)
        onConnection(client, (connection) => {
          endWithItsSocket(connection)
          this.onReachable()
        })
        // The store was closed while the client was being created.
        if (this.#closed) void client.shutdown()
      }, reject)
    })
    try {
      await attempted
    } finally {
      clearTimeout(timer)
    }
  }

  #lost(problem: string): void {
    this.#current = undefined
    this.#problem = problem
  }
}

/** How often the client looks for members that it has no connection to. */
const CONNECT_MEMBERS_MS = 250

interface MemberConnection {
  readonly socket?: Socket
  readonly reader?: FrameReader
  close?(reason: string, cause: Error): void
}

/** The parts of the client's private interface that are used here. */
interface Internals {
  getConnectionManager?(): {
    reconnectToMembers?(): void
    getConnectionRegistry?(): { getConnections(): readonly MemberConnection[] }
    on?(event: 'connectionAdded', listener: (connection: MemberConnection) => void): void
  }
  readonly clusterViewListenerService?: { tryRegisterToRandomConnection?(from: unknown): void }
  sendStateToCluster?(): Promise<void>
}

/**
 * With an asynchronous start, hazelcast-client 5.6 and 5.7 connect to one member and never to the others: operations
 * would be forwarded through that member, and the client would be offline when it dies. So the task that the client
 * runs after a synchronous start is run here. If a version lacks it, the one connection has to do.
 */
function connectMembers(client: HazelcastClient): () => void {
  const timer = setInterval(() => {
    const manager = (client as HazelcastClient & Internals).getConnectionManager?.()
    manager?.reconnectToMembers?.()
  }, CONNECT_MEMBERS_MS).unref()
  return () => clearInterval(timer)
}

/** Calls `listener` for each existing and each future connection to a member. */
function onConnection(client: HazelcastClient, listener: (connection: MemberConnection) => void): void {
  const manager = (client as HazelcastClient & Internals).getConnectionManager?.()
  for (const connection of manager?.getConnectionRegistry?.().getConnections() ?? []) listener(connection)
  manager?.on?.('connectionAdded', listener)
}

/**
 * hazelcast-client 5.6 and 5.7 can miss that a socket was reset during authentication: they treat the connection as
 * established, and everything sent on it fails until its heartbeat times out after 5 s (measured).
 */
function endWithItsSocket(connection: MemberConnection): void {
  const { socket } = connection
  const end = (): void => connection.close?.('The socket was closed.', new Error('the socket was closed'))
  if (socket?.destroyed) setImmediate(end)
  else socket?.once('close', end)
}

/** How long the client waits before it repeats a request that could not be sent. */
const AGAIN_PAUSE_MS = 100

/**
 * The client subscribes to changes of the cluster on one connection and, if that fails, immediately on a random one. If
 * the only connection left is dying (socket closed, 'close' not emitted yet), hazelcast-client 5.6 and 5.7 retry on it
 * without ever yielding to the event loop: the process hangs and allocates gigabytes within a minute (measured). The
 * pause lets the 'close' event through.
 */
function pauseBetweenRegistrations(client: HazelcastClient): void {
  const { clusterViewListenerService: service } = client as HazelcastClient & Internals
  const register = service?.tryRegisterToRandomConnection
  if (service === undefined || register === undefined) return
  service.tryRegisterToRandomConnection = (from) => {
    setTimeout(() => {
      if (client.getLifecycleService().isRunning()) register.call(service, from)
    }, AGAIN_PAUSE_MS).unref()
  }
}

/** The same for the state that the client sends after reconnecting: that loop was seen to last 15 minutes. */
function pauseBetweenGreetings(client: HazelcastClient & Internals): void {
  const send = client.sendStateToCluster
  if (send === undefined) return
  client.sendStateToCluster = () =>
    send.call(client).catch(async (error: unknown) => {
      await new Promise<void>((resolve) => {
        setTimeout(() => {
          if (client.getLifecycleService().isRunning()) resolve()
        }, AGAIN_PAUSE_MS).unref()
      })
      throw error
    })
}

/** Replies other than values (member lists, errors) fit into this. */
const OTHER_REPLIES_BYTES = 1_048_576

/**
 * Bounds the memory that a stored value can take when it is read, whoever wrote it. If a version of the client has no
 * such reader there is no bound; a test notices.
 */
function limitReplies(client: HazelcastClient, maxValueBytes: number): void {
  const maxBytes = Math.max(frameBytesOf(maxValueBytes), OTHER_REPLIES_BYTES)
  onConnection(client, (connection) => {
    const { reader } = connection
    const end = (): void => connection.close?.('The member cannot be understood.', new Error('not a frame'))
    // `setImmediate`: the connection must not be closed in the middle of a read.
    if (reader !== undefined) limitFrames(reader, maxBytes, TOO_LARGE_DATA, () => setImmediate(end))
  })
}
