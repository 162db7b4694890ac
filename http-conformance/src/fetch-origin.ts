import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { NodeHandler } from './suite.js'

/** The statuses that a `Response` can have; the suite says 999 for a request that was not conditional. */
const LAST_STATUS = 599

/** The suite's origin, which is written for node:http, as a handler of fetch. Interim responses have no place there. */
export async function answerAsFetch(origin: NodeHandler, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  const incoming = Object.assign(Readable.from([Buffer.from(await request.arrayBuffer())]), {
    method: request.method,
    url: pathname + search,
    headers: Object.fromEntries(request.headers),
  })
  return new Promise((resolve, reject) => {
    const outgoing = new Outgoing(resolve, reject)
    origin(incoming as unknown as IncomingMessage, outgoing as unknown as ServerResponse)
  })
}

/** What the origin calls of a response of node:http. */
class Outgoing {
  statusCode = 200
  statusMessage = ''
  readonly #fields = new Map<string, number | string | readonly string[]>()
  readonly #resolve: (response: Response) => void
  readonly #reject: (error: Error) => void
  #written = ''

  constructor(resolve: (response: Response) => void, reject: (error: Error) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  get socket(): { destroy: () => void } {
    return { destroy: () => this.#reject(new Error('the origin has disconnected')) }
  }

  setHeader(name: string, value: number | string | readonly string[]): void {
    this.#fields.set(name.toLowerCase(), value)
  }

  getHeader(name: string): number | string | readonly string[] | undefined {
    return this.#fields.get(name.toLowerCase())
  }

  hasHeader(name: string): boolean {
    return this.#fields.has(name.toLowerCase())
  }

  getHeaders(): OutgoingHttpHeaders {
    return Object.fromEntries(this.#fields) as OutgoingHttpHeaders
  }

  writeHead(status: number, fields: Record<string, string>): void {
    this.statusCode = status
    for (const [name, value] of Object.entries(fields)) this.setHeader(name, value)
  }

  writeProcessing(): void {}

  writeEarlyHints(): void {}

  write(text: string): void {
    this.#written += text
  }

  end(text = ''): void {
    const headers = new Headers()
    for (const [name, value] of this.#fields) {
      // How a message goes over the wire is the server's.
      if (name === 'transfer-encoding') continue
      for (const line of [value].flat()) headers.append(name, Buffer.from(String(line)).toString('latin1'))
    }
    const status = Math.min(this.statusCode, LAST_STATUS)
    const body = status === 204 || status === 304 ? null : this.#written + text
    this.#resolve(new Response(body, { status, headers }))
  }
}
