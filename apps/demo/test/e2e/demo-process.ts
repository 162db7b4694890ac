import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** As `npm run demo` starts it: the built program. */
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
  readonly text: string
  readonly ms: number
}

export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** The demo as a process of its own, on a port of the system's choice. */
export class DemoProcess {
  stdout = ''
  stderr = ''
  readonly exit: Promise<[code: number | null, signal: NodeJS.Signals | null]>
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  #address = ''

  /** @param environment What it is told beside this process's own environment. */
  constructor(environment: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.exit = once(this.#child, 'exit') as typeof this.exit
    this.#child.stdout.on('data', (chunk) => {
      this.stdout += chunk
    })
    this.#child.stderr.on('data', (chunk) => {
      this.stderr += chunk
    })
  }

  /** Resolves when it has loaded its cities. */
  async ready(): Promise<this> {
    while (this.#address === '') {
      if (this.#child.exitCode !== null) throw new Error(`ended early: ${this.stderr}`)
      await delay(50)
      this.#address = /^Tiercel demo: (.+)$/m.exec(this.stdout)?.[1] ?? ''
    }
    return this
  }

  get address(): string {
    return this.#address
  }

  ask(path: string, { method = 'GET', headers = {}, body }: Question = {}): Promise<Answer> {
    const { hostname, port } = new URL(this.#address)
    const start = performance.now()
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      const asking = request({ hostname, port, path, method, headers: { ...headers, ...length } }, (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('error', reject)
        response.on('end', () => {
          const bytes = Buffer.concat(pieces)
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers as Answer['headers'],
            body: bytes,
            text: bytes.toString('utf8'),
            ms: performance.now() - start,
          })
        })
      })
      asking.on('error', reject)
      asking.end(body)
    })
  }

  /**
   * Sends a request line as it is written, which no HTTP client would, and answers the status. Told apart from a
   * connection that is closed without a word: that is 0.
   */
  async statusOf(requestTarget: string): Promise<number> {
    const { hostname, port } = new URL(this.#address)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.on('data', (piece) => {
      answer += piece.toString('latin1')
    })
    // What is too long is answered before all of it was read.
    socket.on('error', () => undefined)
    socket.write(`GET ${requestTarget} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`)
    await new Promise((resolve) => socket.once('close', resolve))
    return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0)
  }

  async json<T>(path: string): Promise<T> {
    return JSON.parse((await this.ask(path)).text) as T
  }

  /** How often it has run the named query of its database. */
  async loads(query: string): Promise<number> {
    const { loads } = await this.json<{ loads: Record<string, number> }>('/stats')
    return loads[query] ?? 0
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async stop(): Promise<void> {
    this.signal('SIGKILL')
    await this.exit
  }
}
