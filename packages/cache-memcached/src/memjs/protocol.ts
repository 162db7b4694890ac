/** Commands of memcached's binary protocol that the store uses. */
export const Opcode = {
  Get: 0x00,
  Set: 0x01,
  Add: 0x02,
  Replace: 0x03,
  Delete: 0x04,
  Increment: 0x05,
  Decrement: 0x06,
  Noop: 0x0a,
  Append: 0x0e,
  Stat: 0x10,
  Touch: 0x1c,
  SaslAuth: 0x21,
} as const

/** Answers that mean something to the store. */
export const Status = {
  Ok: 0x00,
  NotFound: 0x01,
  Exists: 0x02,
  TooLarge: 0x03,
  AuthenticationError: 0x20,
  UnknownCommand: 0x81,
  OutOfMemory: 0x82,
  Busy: 0x85,
  TemporaryFailure: 0x86,
} as const

export const HEADER_BYTES = 24
/** First byte of every answer. */
export const RESPONSE_MAGIC = 0x81
/** The longest key memcached takes. It closes the connection on a longer one. */
export const MAX_KEY_BYTES = 250
/** Sequence numbers stay below this: memjs 1.3.2 turns negative here and throws on every operation. */
export const MAX_SEQUENCE = 0x7fffffff
