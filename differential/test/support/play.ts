import { setImmediate as turn } from 'node:timers/promises'
import type { Running, Site } from './application.js'
import { EndOfStream } from './byte-queue.js'
import type { Connection } from './connection.js'
import type { Exchange, Step } from './exchange.js'
import { newProgress, type Progress, readReply } from './read-reply.js'
import { type Ending, type Reply, valuesOf } from './reply.js'
import { type RequestBytes, requestBytes } from './request-bytes.js'
import { Visitor } from './visitor.js'

/** How long an answer may take: longer than the slowest one on a busy machine. */
const DEADLINE_MS = 3_000

/** The result of an exchange. */
export interface Played {
  readonly exchange: Exchange
  /** Names the exchange in the notes of the application. */
  readonly id: string
  readonly reply: Reply
  /** What the visitor has captured so far, to be recognized in the answer. */
  readonly captured: ReadonlyMap<string, string>
}

/** The clients of one running application. */
export class Player {
  readonly #running: Running
  readonly #site: Site
  readonly #visitors = new Map<string, Visitor>()

  constructor(running: Running, site: Site) {
    this.#running = running
    this.#site = site
  }

  async play(step: Step, round: number): Promise<Played[]> {
    const exchanges = [step].flat() as Exchange[]
    const visitor = this.#visitor(exchanges[0]?.by)
    const connection = await visitor.connection()
    const asked = exchanges.map((exchange) => {
      const id = `${exchange.name} #${round}`
      return { exchange, id, request: requestBytes(exchange, id, visitor) }
    })
    const pipelined = exchanges.length > 1
    if (pipelined) connection.write(Buffer.concat(asked.flatMap(({ request }) => [request.head, ...request.body])))
    const played: Played[] = []
    for (const { exchange, id, request } of asked) {
      const talk = new Talk(connection, exchange, id, this.#site)
      const reply = await talk.run(pipelined ? undefined : request, exchange === exchanges.at(-1))
      visitor.remember(reply, exchange.captures)
      played.push({ exchange, id, reply, captured: new Map(visitor.captured) })
      if (reply.connection !== 'kept') visitor.disconnect()
    }
    return played
  }

  close(): void {
    for (const visitor of this.#visitors.values()) visitor.disconnect()
  }

  #visitor(name = ''): Visitor {
    const visitor = this.#visitors.get(name) ?? new Visitor(this.#running.port)
    this.#visitors.set(name, visitor)
    return visitor
  }
}

/** One exchange over a connection. */
class Talk {
  readonly #connection: Connection
  readonly #exchange: Exchange
  readonly #id: string
  readonly #site: Site
  readonly #progress: Progress = newProgress()

  constructor(connection: Connection, exchange: Exchange, id: string, site: Site) {
    this.#connection = connection
    this.#exchange = exchange
    this.#id = id
    this.#site = site
  }

  /**
   * @param request Absent if it was sent already.
   * @param last Whether no other answer follows on the connection.
   */
  async run(request: RequestBytes | undefined, last: boolean): Promise<Reply> {
    const ending = await within(DEADLINE_MS, this.#act(request), 'hangs' as const)
    const { interim, head, framing, body, trailers } = this.#progress
    const connection = ending !== 'complete' ? 'closed' : last ? await this.#connectionAfter() : 'kept'
    const stray = last && ending === 'complete' ? this.#connection.bytes.rest() : Buffer.alloc(0)
    return { interim, head, framing, body: Buffer.concat(body), trailers, ending, connection, stray }
  }

  async #act(request: RequestBytes | undefined): Promise<Ending> {
    const { signals } = this.#site
    const { does, method } = this.#exchange
    let leave: () => void = () => {}
    const left = new Promise<Ending>((resolve) => {
      leave = () => resolve('left by the client')
    })
    if (does === 'leaves while the handler runs') void signals.said(this.#id, 'running').then(leave)
    if (does === 'reads late') {
      this.#connection.pause()
      void signals.said(this.#id, 'held up').then(() => this.#connection.resume())
    }
    const reading = readReply(this.#connection.bytes, method, this.#progress, {
      onInterim: () => signals.say(this.#id, 'hint seen'),
      onHead: () => {
        signals.say(this.#id, 'head seen')
        if (does === 'leaves after the head') leave()
      },
      onBody: () => {
        signals.say(this.#id, 'body seen')
        if (does === 'leaves in the body') leave()
      },
    }).then(
      () => 'complete' as const,
      (error: unknown) => {
        if (!(error instanceof EndOfStream)) throw error
        return this.#progress.head === undefined ? 'no answer' : 'cut off'
      },
    )
    if (request !== undefined) await this.#send(request)
    if (does === 'leaves in the request') {
      await signals.said(this.#id, 'running')
      leave()
    }
    const ending = await Promise.race([reading, left])
    if (ending === 'left by the client') {
      this.#connection.destroy()
      await signals.said(this.#id, 'client gone')
    }
    return ending
  }

  async #send({ head, body }: RequestBytes): Promise<void> {
    const connection = this.#connection
    const { does } = this.#exchange
    if (does === 'waits for 100') {
      connection.write(head)
      await this.#answered()
      for (const piece of body) connection.write(piece)
    } else if (does === 'sends slowly') {
      connection.write(head)
      for (const piece of body) await this.#sendSlowly(piece)
    } else {
      const whole = Buffer.concat([head, ...body])
      connection.write(does === 'leaves in the request' ? whole.subarray(0, -1) : whole)
      if (does === 'half-closes') connection.halfClose()
    }
  }

  async #sendSlowly(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at += 1000) {
      this.#connection.write(bytes.subarray(at, at + 1000))
      await turn()
    }
  }

  async #answered(): Promise<void> {
    const { interim } = this.#progress
    while (interim.length === 0 && this.#progress.head === undefined && !this.#connection.bytes.ended) await turn()
  }

  async #connectionAfter(): Promise<Reply['connection']> {
    const { version, does } = this.#exchange
    const { head, framing } = this.#progress
    if (framing === 'close') return 'closed'
    const says = valuesOf(head, 'connection').join().toLowerCase()
    const closes = says.includes('close') || (version === '1.0' && !says.includes('keep-alive'))
    if (!closes && does !== 'half-closes') return (await this.#connection.closedByServer()) ? 'closed' : 'kept'
    const ended = this.#connection.ended().then(() => 'closed' as const)
    return within(DEADLINE_MS, ended, 'left open after it said close')
  }
}

async function within<Value, Other>(ms: number, outcome: Promise<Value>, late: Other): Promise<Value | Other> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<Other>((resolve) => {
    timer = setTimeout(() => resolve(late), ms)
  })
  try {
    return await Promise.race([outcome, deadline])
  } finally {
    clearTimeout(timer)
  }
}
