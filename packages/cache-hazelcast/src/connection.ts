import type { Socket } from 'node:net'
import { Client, type ClientConfig, LifecycleState } from 'hazelcast-client'
import { connectionLog } from './connection-log.js'
import { frameBytesOf, TOO_LARGE_DATA } from './entries.js'
import { errors } from './errors.js'
import { type FrameReader, limitFrames } from './frame-limit.js'
import type { HazelcastClient } from './options.js'

/** Where a store gets its client from. */
export interface Connection {
  /** Told when a member is connected that was not, where the client is the store's own. */
  onReachable: () => void
  /** The client, where one can be used at once. */
  readonly current: HazelcastClient | undefined
  /**
   * The client, which is waited for while the very first attempt to connect runs.
   * @throws StoreUnavailableError when there is none to be had now, StoreClosedError after `close`.
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

/** After this the first attempt counts as failed, though the client goes on trying: no operation waits any more. */
const FIRST_ATTEMPT_MS = 1_000
/** A client that a cluster refused for good ends itself; the next one is not created sooner than this. */
const RENEW_AFTER_MS = 1_000

/**
 * The store's own client, created by the first operation. While the first attempt to connect runs, operations wait
 * for it; from then on there is a connection or they fail at once, and the client goes on trying by itself.
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

  /** Settles when the first attempt to connect has ended, well or not. The client itself is there some microtasks later. */
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
        // Closed while the client was made: it has just begun to connect.
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

/** What the client can do and does not publish. */
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
 * A client that starts asynchronously connects to one member and, in hazelcast-client 5.6 and 5.7, never to the
 * others: it would forward half of the operations through that one, and be offline when that one dies. So the task
 * that it would run after a synchronous start is run here. Where it is missing, one connection has to do.
 */
function connectMembers(client: HazelcastClient): () => void {
  const timer = setInterval(() => {
    const manager = (client as HazelcastClient & Internals).getConnectionManager?.()
    manager?.reconnectToMembers?.()
  }, CONNECT_MEMBERS_MS).unref()
  return () => clearInterval(timer)
}

/** Of each connection to a member, those that stand and those to come. */
function onConnection(client: HazelcastClient, listener: (connection: MemberConnection) => void): void {
  const manager = (client as HazelcastClient & Internals).getConnectionManager?.()
  for (const connection of manager?.getConnectionRegistry?.().getConnections() ?? []) listener(connection)
  manager?.on?.('connectionAdded', listener)
}

/**
 * A socket that is reset while the client says who it is can be lost on hazelcast-client 5.6 and 5.7: the connection
 * counts as one that stands, and everything fails on it until it misses its heartbeat, after 5 s (measured).
 */
function endWithItsSocket(connection: MemberConnection): void {
  const { socket } = connection
  const end = (): void => connection.close?.('The socket was closed.', new Error('the socket was closed'))
  if (socket?.destroyed) setImmediate(end)
  else socket?.once('close', end)
}

/** How long the client waits before it asks, or tells, a connection again what could not be sent. */
const AGAIN_PAUSE_MS = 100

/**
 * The client asks one connection for news of the cluster, and when that fails at once asks a random one. Where the only
 * one left is dying, its socket closed and its end not yet reported, hazelcast-client 5.6 and 5.7 ask it again without
 * ever giving the event loop a turn: the process hangs, and takes gigabytes in a minute (measured). With a pause the
 * end of the connection is heard.
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

/** The same with what it tells a cluster that it has connected to again: it was seen to go on for a quarter of an hour. */
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

/** What the members answer beside values (their list, errors) fits into this. */
const OTHER_REPLIES_BYTES = 1_048_576

/**
 * No value takes more memory than it may have, whoever has written it. Where another version of the client has no such
 * reader, values are read as a whole; a test tells.
 */
function limitReplies(client: HazelcastClient, maxValueBytes: number): void {
  const maxBytes = Math.max(frameBytesOf(maxValueBytes), OTHER_REPLIES_BYTES)
  onConnection(client, (connection) => {
    const { reader } = connection
    const end = (): void => connection.close?.('The member cannot be understood.', new Error('not a frame'))
    // Not in the middle of a read.
    if (reader !== undefined) limitFrames(reader, maxBytes, TOO_LARGE_DATA, () => setImmediate(end))
  })
}
