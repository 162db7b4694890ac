import { FIELD_VALUE, type HeaderLines, TOKEN } from './headers.js'

/** A response as the functions of a route see it: as much of it as there is before its body. A `Response` is one, too. */
export interface ResponseLike {
  readonly status: number
  readonly headers: Headers
}

export function responseLike({ status, headers: lines }: { status: number; headers: HeaderLines }): ResponseLike {
  const headers = new Headers()
  for (let i = 0; i < lines.length; i += 2) {
    const [name, value] = [lines[i] as string, lines[i + 1] as string]
    // What no server would send is not the route's concern.
    if (TOKEN.test(name) && FIELD_VALUE.test(value)) headers.append(name, value)
  }
  return { status, headers }
}
