/** The request never left this process: certainly not executed. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError'
}

/** The request was sent and no answer came: a write may have been executed, or may still be. */
export class NoReplyError extends Error {
  override readonly name = 'NoReplyError'
  /** The connection still stands, but the server is silent; false: the connection was lost. */
  readonly silent: boolean

  constructor(message: string, silent: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.silent = silent
  }
}
