/** One request and what the client does around it. Written by a script, played by `play`. */
export interface Exchange {
  readonly name: string
  readonly method: string
  readonly target: string
  readonly version: '1.0' | '1.1'
  /** In the order in which they are sent. `{token}` stands for what the visitor has captured. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer | undefined
  /** Sent in chunks, with these trailers. */
  readonly chunkedWith?: readonly string[]
  /** Who asks: a visitor keeps cookies and what was captured. `undefined`: nobody in particular. */
  readonly by: string | undefined
  /** The status without a cache, so that no exchange is about something else than it says. */
  readonly status: number
  /** What the visitor remembers: name to a pattern over the head and the body. */
  readonly captures: Readonly<Record<string, RegExp>>
  readonly does: Behaviour | undefined
}

/** What the client does beside sending all and reading all. */
export type Behaviour =
  /** Sends the body only when it was told to, or answered. */
  | 'waits for 100'
  /** Sends the body in small pieces. */
  | 'sends slowly'
  /** Ends its side of the connection with the request. */
  | 'half-closes'
  /** Reads only when the handler says that it was held up. */
  | 'reads late'
  | 'leaves while the handler runs'
  | 'leaves after the head'
  | 'leaves in the body'
  | 'leaves in the request'

/** Several are sent at once, on one connection. */
export type Step = Exchange | readonly Exchange[]

export interface Script {
  readonly name: string
  readonly steps: readonly Step[]
}

type Writing = Partial<Omit<Exchange, 'headers' | 'body' | 'method' | 'target'>> & {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Buffer
  readonly form?: Readonly<Record<string, string>>
  readonly json?: unknown
}

/** @param request `GET /items`, or the target alone. */
export function exchange(request: string, writing: Writing = {}): Exchange {
  const [method, target] = request.includes(' ') ? (request.split(' ') as [string, string]) : ['GET', request]
  const { headers = {}, body, form, json, ...rest } = writing
  const [type, content] = contentOf(body, form, json)
  const lines = Object.entries({ ...type, ...headers }).flatMap(([name, values]) =>
    [values].flat().map((value) => [name, value] as const),
  )
  return {
    name: `${method} ${target}${headersIn(writing)}`,
    version: '1.1',
    by: undefined,
    status: 200,
    captures: {},
    does: undefined,
    ...rest,
    method,
    target,
    headers: lines,
    body: content,
  }
}

function contentOf(
  body: string | Buffer | undefined,
  form: Readonly<Record<string, string>> | undefined,
  json: unknown,
): [Record<string, string>, Buffer | undefined] {
  if (form !== undefined)
    return [{ 'Content-Type': 'application/x-www-form-urlencoded' }, Buffer.from(new URLSearchParams(form).toString())]
  if (json !== undefined) return [{ 'Content-Type': 'application/json' }, Buffer.from(JSON.stringify(json))]
  return [{}, typeof body === 'string' ? Buffer.from(body) : body]
}

/** What tells exchanges of one target from each other. */
function headersIn({ headers = {}, by, version }: Writing): string {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${[value].flat().join(' | ')}`)
  const parts = [by, version === '1.0' ? 'HTTP/1.0' : undefined, ...fields].filter((part) => part !== undefined)
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`
}
