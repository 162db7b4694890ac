/** Unexpected output of a process: on its streams, in warnings, and in unhandled rejections. */
export class Printed {
  readonly #lines: string[] = []
  readonly #restore: (() => void)[] = []

  constructor() {
    for (const stream of [process.stdout, process.stderr]) {
      const { write } = stream
      stream.write = ((piece: string | Uint8Array) => {
        this.#lines.push(String(piece))
        return true
      }) as typeof stream.write
      this.#restore.push(() => {
        stream.write = write
      })
    }
    for (const event of ['warning', 'unhandledRejection'] as const) {
      const hear = (reason: unknown): void => void this.#lines.push(`${event}: ${String(reason)}`)
      process.on(event, hear)
      this.#restore.push(() => process.off(event, hear))
    }
  }

  stop(): readonly string[] {
    for (const restore of this.#restore) restore()
    return this.#lines
  }
}
