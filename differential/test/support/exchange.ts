/** One request and what the client does around it. Written in a script, played by `play`. */
export interface Exchange {
  readonly name: string
  readonly method: string
  readonly target: string
  readonly version: '1.0' | '1.1'
  /** In the order in which they are sent. `{token}` stands for a value that the visitor has captured. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer | undefined
  /** If present, the body is sent in chunks, with these trailers. */
  readonly chunkedWith?: readonly string[]
  /** The visitor, who keeps cookies and captured values. `undefined`: a client without either. */
  readonly by: string | undefined
  /** The status without a cache, which makes sure that the exchange tests what it says. */
  readonly status: number
  /** What the visitor captures: a name, and a pattern over the head and the body. */
  readonly captures: Readonly<Record<string, RegExp>>
  readonly does: Behaviour | undefined
}

/** What the client does other than send everything and read everything. */
export type Behaviour =
  /** Sends the body only after a 100, or after an answer. */
  | 'waits for 100'
  /** Sends the body in small pieces. */
  | 'sends slowly'
  /** Ends its side of the connection with the request. */
  | 'half-closes'
  /** Reads only once the handler says that it is held up. */
  | 'reads late'
  | 'leaves while the handler runs'
  | 'leaves after the head'
  | 'leaves in the body'
  | 'leaves in the request'

/** Several exchanges are sent at once, on one connection. */
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

/** What distinguishes exchanges with the same target. */
function headersIn({ headers = {}, by, version }: Writing): string {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${[value].flat().join(' | ')}`)
  const parts = [by, version === '1.0' ? 'HTTP/1.0' : undefined, ...fields].filter((part) => part !== undefined)
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`
}
