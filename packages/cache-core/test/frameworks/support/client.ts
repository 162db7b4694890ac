import { Agent, type IncomingMessage, request } from 'node:http'

export interface Reply {
  readonly status: number
  readonly statusText: string
  /** As they arrived over the wire. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /** Whether the message ended as announced. */
  readonly complete: boolean
  header(name: string): string | undefined
  lines(name: string): string[]
  text(): string
  /** Cache-Status without the name of the cache. */
  cacheStatus(): string
}

export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
  readonly signal?: AbortSignal
  readonly agent?: Agent
}

/** Opens an exchange and resolves when the head of the response arrives. */
export function open(port: number, target: string, asking: Asking = {}): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, body, signal, agent } = asking
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      port,
      path: target,
      method,
      headers: headers as Record<string, string | string[]>,
      agent: agent ?? false,
      ...(signal && { signal }),
    })
    sent.on('response', resolve)
    sent.on('error', reject)
    sent.end(body)
  })
}

export async function read(message: IncomingMessage): Promise<Reply> {
  const pieces: Buffer[] = []
  try {
    for await (const piece of message) pieces.push(piece as Buffer)
  } catch {
    // Cut off, which `complete` tells.
  }
  const { rawHeaders } = message
  const lines = (name: string): string[] =>
    rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name)
  const body = Buffer.concat(pieces)
  return {
    status: message.statusCode as number,
    statusText: message.statusMessage as string,
    rawHeaders,
    body,
    complete: message.complete,
    lines,
    header: (name) => lines(name)[0],
    text: () => body.toString(),
    cacheStatus: () =>
      lines('cache-status')
        .join(', ')
        .replace(/^tiercel; /, ''),
  }
}

/** One request on a connection of its own, unless an agent is given. */
export async function ask(port: number, target: string, asking?: Asking): Promise<Reply> {
  return read(await open(port, target, asking))
}

export { Agent }
