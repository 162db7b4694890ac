import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { HttpClient } from './http-client.js'
import type { Peer } from './http-peers.js'
import type { Sample } from './sample.js'
import { SLICE_MS } from './settings.js'

/** What `http-server.ts` is started as. */
export interface ServerKind {
  readonly framework: 'node' | 'fastify' | 'express4' | 'koa' | 'koa-layer' | 'hono' | Peer
  /**
   * `none`: the handler without a cache. `by-hand`: without one, its body read from Redis by ioredis. `near`: Redis behind
   * the near cache. `peer`: what the framework names.
   */
  readonly store: 'none' | 'by-hand' | 'memory' | 'redis' | 'near' | 'peer'
}

/** Requests under way at a time, one on each connection. */
const CONNECTIONS = 16
/** How long a volley may keep the client away from its sockets, for each request. */
const VOLLEY_MS = 0.12
const WARM_UP_REQUESTS = 5_000

/** One HTTP server in a process of its own, whose CPU time is what is measured. */
export class HttpServerProcess {
  readonly #child: ChildProcess
  readonly #clients: readonly HttpClient[]

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.#clients = Array.from({ length: CONNECTIONS }, () => new HttpClient(port))
  }

  static start({ framework, store }: ServerKind, redisUrl: string): Promise<HttpServerProcess> {
    return HttpServerProcess.fork('http-server.ts', [framework, store, redisUrl])
  }

  /** A server of another benchmark, from the file of that name beside it, that speaks as `http-server.ts` does. */
  static async fork(file: string, args: readonly string[]): Promise<HttpServerProcess> {
    const child = fork(new URL(`../${file}`, import.meta.url), args)
    const { port } = await answerOf<{ port: number }>(child)
    return new HttpServerProcess(child, port)
  }

  /** The head of one answer. @throws when the body is not as long as it should be. */
  async head(path: string, bodyBytes: number): Promise<string> {
    const answer = await (this.#clients[0] as HttpClient).get(path)
    if (answer.bodyBytes !== bodyBytes) throw new Error(`${path}: a body of ${answer.bodyBytes} bytes`)
    return answer.head
  }

  /** Until the compiler has seen enough of this path: a fresh process costs several times what it will. */
  async warmUp(path: string): Promise<void> {
    let left = WARM_UP_REQUESTS
    await this.#load(path, () => left-- > 0)
  }

  /**
   * What requests cost in volleys: all connections ask at once, and the client looks at no answer until the server has
   * most likely given them all. A client that sleeps is woken by the server's write, which costs that more than all the
   * rest of a small answer; and only a server that is slower than its client finds it asleep. So measured by clients that
   * wait, 4 µs more than node:http became 10.
   */
  async measure(path: string): Promise<Sample> {
    const before = await this.#told()
    const begun = performance.now()
    let operations = 0
    while (performance.now() - begun < SLICE_MS) {
      const answers = this.#clients.map((client) => client.get(path))
      const until = performance.now() + VOLLEY_MS * CONNECTIONS
      while (performance.now() < until);
      await Promise.all(answers)
      operations += CONNECTIONS
    }
    return { operations, wallMs: performance.now() - begun, cpuMs: (await this.#told()).cpuMs - before.cpuMs }
  }

  /** As many as it answers while each connection asks again at once. */
  async measureSpeed(path: string): Promise<Sample> {
    const before = await this.#told()
    const begun = performance.now()
    const end = begun + SLICE_MS
    const operations = await this.#load(path, () => performance.now() < end)
    return { operations, wallMs: performance.now() - begun, cpuMs: (await this.#told()).cpuMs - before.cpuMs }
  }

  /** How often a handler of it has run. */
  async runs(): Promise<number> {
    return (await this.#told()).runs
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close()
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }

  /** How many requests it were. */
  async #load(path: string, goesOn: () => boolean): Promise<number> {
    let requests = 0
    await Promise.all(
      this.#clients.map(async (client) => {
        while (goesOn()) {
          await client.get(path)
          requests++
        }
      }),
    )
    return requests
  }

  #told(): Promise<{ readonly cpuMs: number; readonly runs: number }> {
    this.#child.send('told')
    return answerOf(this.#child)
  }
}

async function answerOf<T>(child: ChildProcess): Promise<T> {
  const gone = new AbortController()
  const onExit = (): void => gone.abort(new Error('the server process has ended'))
  child.once('exit', onExit)
  try {
    const [answer] = await once(child, 'message', { signal: gone.signal })
    return answer
  } finally {
    child.off('exit', onExit)
  }
}
