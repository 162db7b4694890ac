import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { HttpClient } from './http-client.js'
import type { Sample } from './sample.js'
import { SLICE_MS } from './settings.js'

/** What `http-server.ts` is started as. */
export interface ServerKind {
  readonly framework: 'node' | 'fastify' | 'express4' | 'koa' | 'hono'
  /** `none`: the handler without a cache. `by-hand`: without one, its body read from Redis by ioredis. */
  readonly store: 'none' | 'by-hand' | 'memory' | 'redis'
}

/** Requests under way at a time, one on each connection. */
const CONNECTIONS = 16
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

  async measure(path: string): Promise<Sample> {
    const cpuBefore = await this.#cpuMs()
    const begun = performance.now()
    const end = begun + SLICE_MS
    const operations = await this.#load(path, () => performance.now() < end)
    const wallMs = performance.now() - begun
    return { operations, wallMs, cpuMs: (await this.#cpuMs()) - cpuBefore }
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

  async #cpuMs(): Promise<number> {
    this.#child.send('cpu')
    return (await answerOf<{ cpuMs: number }>(this.#child)).cpuMs
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
