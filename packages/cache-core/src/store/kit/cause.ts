/** Deeper than any driver nests its errors. */
const MAX_DEPTH = 4

/** The part of an error reply that repeats an unknown command: the key, and the beginning of a value or password. */
const ARGUMENTS = /,? with args beginning with.*/s

/** Properties that Node sets on connection errors. No driver keeps a command in them. */
const FACTS = ['code', 'errno', 'syscall', 'address', 'port'] as const

/**
 * A copy of a driver's error, as the cause of ours: what went wrong, and where. Drivers attach the command to their
 * errors, with the password of a handshake or a whole entry, and Node prints all properties of an uncaught error.
 */
export function causeOf(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error)) return typeof thrown === 'string' ? withoutArguments(thrown) : String(thrown)
  const inner = depth < MAX_DEPTH && thrown.cause instanceof Error ? causeOf(thrown.cause, depth + 1) : undefined
  const copy = new Error(withoutArguments(thrown.message), inner === undefined ? undefined : { cause: inner })
  const frames = thrown.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? []
  const name = typeof thrown.name === 'string' ? thrown.name : 'Error'
  const facts = FACTS.flatMap((fact) => {
    const value: unknown = Reflect.get(thrown, fact)
    return typeof value === 'string' || typeof value === 'number' ? [[fact, value] as const] : []
  })
  const hidden = { name, stack: [`${name}: ${copy.message}`, ...frames].join('\n') }
  for (const [key, value] of Object.entries(hidden)) {
    Object.defineProperty(copy, key, { value, configurable: true, writable: true })
  }
  return Object.assign(copy, Object.fromEntries(facts))
}

/** What a server or driver said, without the arguments of the command. */
export function withoutArguments(message: string): string {
  return message.replace(ARGUMENTS, '')
}
