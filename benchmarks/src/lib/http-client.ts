import { connect, type Socket } from 'node:net'

/** What a server answered: all of the head, and how long the body was. */
export interface Answer {
  readonly head: string
  readonly bodyBytes: number
}

const HEAD_END = Buffer.from('\r\n\r\n')
const CONTENT_LENGTH = /^content-length: *(\d+)/im

/**
 * One keep-alive connection that asks for one path again and again, and looks at no more of the answers than it must
 * to know where they end: it must not take the time that is measured in the server.
 */
export class HttpClient {
  readonly #socket: Socket
  #head: Buffer = Buffer.alloc(0)
  #answer: Answer | undefined
  #bodyLeft = 0
  #failure: Error | undefined
  #settle: { resolve(answer: Answer): void; reject(error: Error): void } | undefined

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk) => this.#onData(chunk))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  /** @param fields Further lines of the head. */
  get(path: string, fields = ''): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`)
    })
  }

  close(): void {
    this.#settle = undefined
    this.#socket.destroy()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#settle?.reject(this.#failure)
  }

  #onData(chunk: Buffer): void {
    let bodyBytes = chunk.byteLength
    if (this.#answer === undefined) {
      this.#head = this.#head.byteLength === 0 ? chunk : Buffer.concat([this.#head, chunk])
      const end = this.#head.indexOf(HEAD_END)
      if (end === -1) return
      const head = this.#head.toString('latin1', 0, end)
      bodyBytes = this.#head.byteLength - end - HEAD_END.byteLength
      this.#bodyLeft = Number(CONTENT_LENGTH.exec(head)?.[1])
      this.#answer = { head, bodyBytes: this.#bodyLeft }
      this.#head = Buffer.alloc(0)
    }
    this.#bodyLeft -= bodyBytes
    if (this.#bodyLeft > 0) return
    const answer = this.#answer
    this.#answer = undefined
    this.#settle?.resolve(answer)
  }
}
