/** JSON with bytes in it, one text a line: what the test's client and server send each other. */
export function toLine(value: unknown): string {
  const text = JSON.stringify(value, (_, member: unknown) => {
    // A Buffer has become an object of its own by the time it comes here.
    if (isBuffer(member)) return { base64: Buffer.from(member.data).toString('base64') }
    if (member instanceof Uint8Array) return { base64: Buffer.from(member).toString('base64') }
    return member
  })
  return `${text}\n`
}

export function fromLine(line: string): unknown {
  return JSON.parse(line, (_, member: { base64?: unknown } | null) =>
    typeof member?.base64 === 'string' ? Buffer.from(member.base64, 'base64') : member,
  )
}

/** Calls `take` for each whole line of a stream of texts. */
export function lines(take: (line: string) => void): (chunk: string) => void {
  let rest = ''
  return (chunk) => {
    const whole = (rest + chunk).split('\n')
    rest = whole.pop() ?? ''
    for (const line of whole) take(line)
  }
}

function isBuffer(value: unknown): value is { type: 'Buffer'; data: number[] } {
  return typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer'
}
