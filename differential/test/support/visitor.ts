import { Connection } from './connection.js'
import { type Reply, valuesOf } from './reply.js'

/** A client: its connection, its cookies, and the values that it has captured from answers. */
export class Visitor {
  readonly captured = new Map<string, string>()
  readonly #port: number
  readonly #cookies = new Map<string, string>()
  #connection: Connection | undefined

  constructor(port: number) {
    this.#port = port
  }

  /** The connection of the previous exchange, if that was kept. */
  async connection(): Promise<Connection> {
    this.#connection ??= await Connection.open(this.#port)
    return this.#connection
  }

  disconnect(): void {
    this.#connection?.destroy()
    this.#connection = undefined
  }

  get cookie(): string | undefined {
    if (this.#cookies.size === 0) return undefined
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Fills in captured values for `{name}`. */
  fill(text: string): string {
    return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => this.captured.get(name) ?? whole)
  }

  remember(reply: Reply, captures: Readonly<Record<string, RegExp>>): void {
    for (const line of valuesOf(reply.head, 'set-cookie')) this.#keep(line)
    const text = [...(reply.head?.lines ?? []), reply.body.toString('latin1')].join('\n')
    for (const [name, pattern] of Object.entries(captures)) {
      const value = pattern.exec(text)?.[1]
      if (value !== undefined) this.captured.set(name, value)
    }
  }

  #keep(setCookie: string): void {
    const [pair = '', ...attributes] = setCookie.split(';').map((part) => part.trim())
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    const gone = attributes.some(
      (attribute) => /^max-age=0$/i.test(attribute) || /^expires=thu, 01 jan 1970/i.test(attribute),
    )
    if (gone) this.#cookies.delete(name)
    else this.#cookies.set(name, value)
  }
}
