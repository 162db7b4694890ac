/** A sender that was silent for so long is forgotten, in milliseconds: sixty heartbeats. */
const FORGOTTEN_AFTER_MS = 60_000

/** Those heard last. Whoever was heard before them counts as new. */
const MAX_SENDERS = 10_000

interface Sender {
  readonly number: number
  readonly heardAt: number
}

/** Which senders were heard, and up to which message: a lost message is noticed with the next one, or a heartbeat. */
export class Senders {
  readonly #senders = new Map<string, Sender>()

  /**
   * A message with changes. Whether none of this sender's was lost before it: of one that is not known, all since its
   * first may have been.
   */
  changed(id: string, number: number, now: number): boolean {
    const sender = this.#senders.get(id)
    const complete = number <= (sender?.number ?? 0) + 1
    this.#heard(id, sender, Math.max(sender?.number ?? 0, number), now)
    return complete
  }

  /** A heartbeat, with the number of the last message before it. Whether all up to that one have come. */
  beat(id: string, number: number, now: number): boolean {
    const sender = this.#senders.get(id)
    const complete = number <= (sender?.number ?? 0)
    this.#heard(id, sender, Math.max(sender?.number ?? 0, number), now)
    return complete
  }

  /** Those that have been silent for long have most likely ended. Who speaks again counts as new. */
  forgetSilent(now: number): void {
    for (const [id, { heardAt }] of this.#senders) {
      if (now - heardAt <= FORGOTTEN_AFTER_MS) return
      this.#senders.delete(id)
    }
  }

  #heard(id: string, sender: Sender | undefined, number: number, now: number): void {
    // Behind all others: the first is the one that was silent for longest.
    if (sender !== undefined) this.#senders.delete(id)
    this.#senders.set(id, { number, heardAt: now })
    if (this.#senders.size <= MAX_SENDERS) return
    const [longest] = this.#senders.keys()
    if (longest !== undefined) this.#senders.delete(longest)
  }
}
